#include "tests/wire/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <random>
#include <stdexcept>

namespace postern::test {

namespace {

using Steady = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr std::size_t kThreadsOfNode = 2;

MilterClient::Macros macros_of(const std::string& login) {
  return {{"{mail_addr}", login}, {"{auth_authen}", login}, {"{auth_type}", "PLAIN"}};
}

bool goes_on(const std::string& answer) { return answer == "continue" || answer == "none" || answer == "accept"; }

}  // namespace

void PrintTo(const Fleet::Shown& shown, std::ostream* out) {
  *out << shown.used << " used, " << shown.reserved << " of them reserved";
}

std::string on(const RedisServer& server) { return fmt::format("servers: [\"unix:{}\"]", server.socket()); }

Fleet::Fleet(const Setup& setup) {
  std::string sections = setup.limits;
  if (!setup.store.empty())
    sections += fmt::format("store: {{type: redis, nodes: {}, {}}}\n", setup.nodes, setup.store);
  for (int i = 0; i < setup.nodes; ++i)
    nodes_.push_back(std::make_unique<Daemon>(Daemon::Setup{.rules = setup.rules, .sections = sections}));
  if (!setup.store.empty() && setup.wait_until_well && !all_well()) throw std::runtime_error(trouble(0));
}

Fleet::Shown Fleet::show(std::size_t node, const std::string& key) const {
  const Json answer =
      Json::parse(nodes_[node]->ask(Json{{"command", "limits show"}, {"key", key}}.dump()), nullptr, false);
  if (!answer.is_object() || !answer.contains("accounts")) return {};
  for (const Json& account : answer.at("accounts")) {
    if (account.value("limit", "") == "user")
      return {account.at("windows").at(0).value("used", std::int64_t{-1}), account.value("reserved", std::int64_t{-1})};
  }
  return {};
}

bool Fleet::all_show(const std::string& key, const Shown& shown, std::chrono::milliseconds patience) const {
  return comes_true(patience, [&] {
    for (std::size_t i = 0; i < size(); ++i) {
      if (show(i, key) != shown) return false;
    }
    return true;
  });
}

std::string Fleet::trouble(std::size_t node) const {
  const Json status = Json::parse(nodes_[node]->ask("status"), nullptr, false);
  if (!status.is_object() || !status.contains("store")) return "no status";
  const Json& problem = status.at("store").at("problem");
  return problem.is_string() ? problem.get<std::string>() : std::string();
}

bool Fleet::all_well(std::chrono::milliseconds patience) const {
  return comes_true(patience, [&] {
    for (std::size_t i = 0; i < size(); ++i) {
      if (!trouble(i).empty()) return false;
    }
    return true;
  });
}

Senders::Senders(const Fleet& fleet, std::string login) : fleet_(fleet), login_(std::move(login)) {}

void Senders::begin() {
  ends_ = false;
  for (std::size_t i = 0; i < fleet_.size() * kThreadsOfNode; ++i)
    threads_.emplace_back([this, i] { send(i % fleet_.size(), static_cast<unsigned>(i)); });
}

void Senders::end() {
  ends_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::int64_t Senders::use_up() {
  begin();
  // What others hold is given back later: nobody is refused for good until a good number came to nothing.
  constexpr std::int64_t kEnough = 60;
  comes_true(60s, [&] {
    const std::int64_t before = admitted_;
    std::array<std::int64_t, 4> tried{};
    for (std::size_t i = 0; i < fleet_.size(); ++i) tried[i] = tried_[i];
    const auto all_tried = [&] {
      for (std::size_t i = 0; i < fleet_.size(); ++i) {
        if (tried_[i] < tried[i] + kEnough) return false;
      }
      return true;
    };
    return comes_true(20s, all_tried) && admitted_ == before;
  });
  end();
  // With nobody beside, one by one: what is left is for him who asks for no more than that.
  for (std::size_t i = 0; i < fleet_.size(); ++i) {
    while (send_one(fleet_, i, login_) == "accept") {
      ++admitted_;
      ++by_[i];
    }
  }
  return admitted_;
}

int Senders::answers(char first) const {
  const std::lock_guard lock(mutex_);
  int count = 0;
  for (const auto& [text, times] : texts_) count += text.front() == first ? times : 0;
  return count;
}

std::string Senders::table() const {
  const std::lock_guard lock(mutex_);
  std::string out = fmt::format("admitted {}, slowest {} ms\n", admitted_.load(), slowest_.load().count());
  for (const auto& [text, times] : texts_) out += fmt::format("{:6} {}\n", times, text);
  return out;
}

bool Senders::went(const std::string& answer, Steady::time_point begun) {
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begun);
  for (auto slowest = slowest_.load(); took > slowest && !slowest_.compare_exchange_weak(slowest, took);) continue;
  if (goes_on(answer)) return true;
  std::string text = answer.empty() ? "?" : answer.substr(0, answer.find(';'));  // without the hour
  text = text.substr(0, text.rfind(" ("));                                       // without the id of the decision
  const std::lock_guard lock(mutex_);
  if (texts_.size() < 100 || texts_.contains(text)) ++texts_[text];
  return false;
}

// How many recipients were taken.
int Senders::message(MilterClient& client, std::size_t node, unsigned dice) {
  const auto step = [&](auto&& say) {
    const auto begun = Steady::now();
    return went(say(), begun);
  };
  ++tried_[node];
  const int recipients = 1 + static_cast<int>(dice % 3);
  const unsigned fate = dice / 3 % 10;  // 0 to 2: given up, at one step or another
  bool well = step([&] { return client.mail("<" + login_ + ">", macros_of(login_)); });
  for (int i = 0; i < recipients && well; ++i)
    well = step([&] { return client.rcpt(fmt::format("<r{}@far.example>", i)); });
  if (!well || fate == 0) {
    client.abort();
    return 0;
  }
  if (fate == 1) {
    client.hang_up();
    return 0;
  }
  well = step([&] { return client.data(); }) && step([&] { return client.header("From", login_); }) &&
         step([&] { return client.end_of_headers(); });
  if (!well || fate == 2) {
    client.abort();
    return 0;
  }
  return step([&] { return client.end_of_message().verdict; }) ? recipients : 0;
}

void Senders::send(std::size_t node, unsigned seed) {
  std::mt19937 random(seed);
  while (!ends_) {
    try {
      MilterClient client(fleet_.node(node).socket_path(), 20s);
      client.greet();
      for (int i = 0; i < 10 && !ends_; ++i) {
        const auto dice = static_cast<unsigned>(random());
        const int taken = message(client, node, dice);
        admitted_ += taken;
        by_[node] += taken;
        if (client.fd() < 0) break;
        std::this_thread::sleep_for(2ms);
      }
      if (client.fd() >= 0) client.quit();
    } catch (const std::runtime_error& nobody_listens) {
      std::this_thread::sleep_for(20ms);  // its node was killed
    }
  }
}

std::string send_one(const Fleet& fleet, std::size_t node, const std::string& login, const std::string& recipient) {
  MilterClient client(fleet.node(node).socket_path(), 20s);
  client.greet();
  for (const auto& say : std::vector<std::function<std::string()>>{
           [&] { return client.mail("<" + login + ">", macros_of(login)); },
           [&] { return client.rcpt(recipient); },
           [&] { return client.data(); },
           [&] { return client.header("From", login); },
           [&] { return client.end_of_headers(); },
       }) {
    const std::string answer = say();
    if (goes_on(answer)) continue;
    client.abort();
    client.quit();
    return answer;
  }
  const std::string verdict = client.end_of_message().verdict;
  client.quit();
  return goes_on(verdict) ? "accept" : verdict;
}

}  // namespace postern::test
