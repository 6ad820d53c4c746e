#include "tests/wire/outage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <stdexcept>

namespace postern::test {

namespace {

using Steady = std::chrono::steady_clock;

constexpr int kUsers = 50;
constexpr int kThreads = 16;
constexpr auto kPause = 80ms;        // 16 threads: 200 messages a second
constexpr auto kMostRecovery = 10s;  // FAULTS T71
constexpr auto kMostPatience = 8s;   // of an MTA with one callback: T13
constexpr std::array kPhases{Phase::up, Phase::between, Phase::down};

std::chrono::milliseconds since(Steady::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin);
}

constexpr std::array<const char*, kMails> kNames{"own", "own_cold", "known", "known_cold", "unknown", "foreign"};

// Of a hundred messages, in the order of Mail.
constexpr std::array<unsigned, kMails> kShare{35, 10, 25, 10, 12, 8};

Mail any_mail(std::uint_fast32_t percent) {
  std::size_t mail = 0;
  while (percent >= kShare[mail]) percent -= kShare[mail++];
  return static_cast<Mail>(mail);
}

bool is_once(Mail mail) { return mail == Mail::own_cold || mail == Mail::known_cold || mail == Mail::unknown; }

Daemon::Setup setup_of(const Plant& plant, const std::string& keys) {
  return {.rules = "  - include: presets/inbound.yaml\n  - include: presets/submission.yaml\n",
          .sections = "accounts:\n  - {name: people, " + plant.directory + (keys.empty() ? "" : ", " + keys) + "}\n",
          .zone = "x.test. MX 10 mx.x.test.\nmx.x.test. A 8.8.8.8\n"};
}

}  // namespace

std::vector<Plant::Fault> faults_of(RealServer& server) {
  return {{"killed", [&] { server.kill(); }, [&] { server.start(); }},
          {"stopped", [&] { server.stop(); }, [&] { server.start(); }, 2s},
          {"frozen", [&] { server.freeze(); }, [&] { server.thaw(); }, 5s}};
}

Outage::Outage(Plant plant, const std::string& keys) : plant_(std::move(plant)), daemon_(setup_of(plant_, keys)) {}

Outage::~Outage() { load(false); }

void Outage::load(bool on) {
  ends_ = !on;
  if (on) {
    for (unsigned i = 0; i < kThreads; ++i)
      threads_.emplace_back([this, i] {
        try {
          send(i);
        } catch (const std::runtime_error& nobody_listens) {
          note(Mail::own, Phase::between, {.answer = 'c', .text = nobody_listens.what()}, 0);
        }
      });
    return;
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

Told Outage::tell(MilterClient& client, Mail mail, int number) {
  Told told;
  const std::string user = "u" + std::to_string(number % kUsers);
  const std::string other = "u" + std::to_string((number + 7) % kUsers);
  const std::string cold = "c" + std::to_string(number % plant_.cold);
  std::string from, by, to = other;
  switch (mail) {
    case Mail::own: from = user + "@site.test", by = login(user); break;
    case Mail::own_cold: from = cold + "@site.test", by = login(cold); break;
    case Mail::known: from = "a@x.test"; break;
    case Mail::known_cold: from = "a@x.test", to = cold; break;
    case Mail::unknown: from = "a@x.test", to = "nobody" + std::to_string(number); break;
    case Mail::foreign: from = other + "@site.test", by = login(user); break;
  }
  MilterClient::Macros macros{{"{mail_addr}", from}};  // they stand in the place of those of the message before
  if (!by.empty()) macros.insert(macros.end(), {{"{auth_authen}", by}, {"{auth_type}", "PLAIN"}});
  const auto step = [&](auto&& say) {
    if (told.answer != '2') return;
    const auto begin = Steady::now();
    const std::string answer = say();
    told.slowest = std::max(told.slowest, since(begin));
    if (answer == "continue" || answer == "none" || answer == "accept") return;
    told.answer = answer == "tempfail" ? '4' : answer == "reject" ? '5' : answer.empty() ? '?' : answer[0];
    told.text = answer;
  };
  step([&] { return client.mail("<" + from + ">", macros); });
  step([&] { return client.rcpt("<" + to + "@site.test>"); });
  step([&] { return client.data(); });
  step([&] { return client.header("From", from); });
  step([&] { return client.end_of_headers(); });
  step([&] { return client.end_of_message().verdict; });
  if (told.answer != '2') client.abort();
  return told;
}

void Outage::ask_for_every_user() {
  MilterClient client(daemon_.socket_path(), 20s);
  client.greet();
  for (int i = 0; i < kUsers; ++i) {
    for (const Mail mail : {Mail::own, Mail::known}) EXPECT_EQ(tell(client, mail, i).answer, '2') << i;
  }
}

void Outage::send(unsigned seed) {
  std::mt19937 random(seed);
  auto turn = Steady::now() + std::chrono::milliseconds(random() % 80);
  while (!ends_) {
    MilterClient client(daemon_.socket_path(), 20s);
    client.greet();
    for (int i = 0; i < 20 && !ends_; ++i) {
      std::this_thread::sleep_until(turn);
      turn = std::max(turn + kPause, Steady::now());
      const Mail mail = any_mail(random() % 100);
      const int number = is_once(mail) ? next_++ : static_cast<int>(random() % kUsers);
      const int begun = moment_;
      const Told told = tell(client, mail, number);
      note(mail, begun == moment_ ? static_cast<Phase>(begun % 3) : Phase::between, told, number);
      if (told.answer == 'c' || told.answer == 't') return;  // closed, timeout: it has been noted
    }
    client.quit();
  }
}

void Outage::note(Mail mail, Phase phase, const Told& told, int number) {
  const std::lock_guard lock(mutex_);
  ++counts_[{mail, phase}][told.answer];
  slowest_ = std::max(slowest_.load(), told.slowest);
  if (mail == Mail::own_cold && told.answer == '4') come_again_.push_back(number);
  const bool odd = is_right(mail) ? told.answer != '2' : told.answer != '5';
  const std::string text = told.text.substr(0, told.text.rfind(" ("));  // without the id of the decision
  if (odd) ++texts_[std::string(kNames[static_cast<std::size_t>(mail)]) + ": " + text];
}

int Outage::count(Mail mail, Phase phase, char answer) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find({mail, phase});
  if (found == counts_.end() || !found->second.contains(answer)) return 0;
  return found->second.at(answer);
}

// Somebody who was never asked for, of each kind.
bool Outage::is_normal() {
  MilterClient client(daemon_.socket_path(), 20s);
  client.greet();
  return tell(client, Mail::unknown, next_++).answer == '5' && tell(client, Mail::known_cold, next_++).answer == '2' &&
         tell(client, Mail::own_cold, next_++).answer == '2' && tell(client, Mail::foreign, next_++).answer == '5';
}

std::chrono::milliseconds Outage::wait_until_normal() {
  const auto begin = Steady::now();
  auto normal = 0ms;
  for (int in_a_row = 0; in_a_row < 3; in_a_row = is_normal() ? in_a_row + 1 : 0) {
    if (in_a_row == 0) normal = since(begin);
    if (normal > 2 * kMostRecovery) return normal;
    std::this_thread::sleep_for(20ms);
  }
  return normal;
}

void Outage::enter(Phase phase) {
  int moment = moment_ + 1;
  while (moment % 3 != static_cast<int>(phase)) ++moment;
  moment_ = moment;
}

void Outage::run() {
  ask_for_every_user();
  load(true);
  std::this_thread::sleep_for(1500ms);
  for (const Plant::Fault& fault : plant_.faults) {
    const int before = put_off();
    enter(Phase::between);
    fault.begins();
    enter(Phase::down);
    std::this_thread::sleep_for(fault.lasts * in_long_runs(10, 1));
    enter(Phase::between);
    fault.ends();
    const auto recovery = wait_until_normal();
    enter(Phase::up);
    std::this_thread::sleep_for(1s * in_long_runs(10, 1));
    lived_.push_back({fault.name, put_off() - before, recovery});
  }
  load(false);
}

int Outage::sum(char answer, bool all) const {
  int sum = 0;
  for (std::size_t i = 0; i < kMails; ++i) {
    const Mail mail = static_cast<Mail>(i);
    for (const Phase phase : kPhases) sum += all || is_right(mail) ? count(mail, phase, answer) : 0;
  }
  return sum;
}

int Outage::paid() const { return sum('5', false); }

int Outage::put_off() const { return sum('4', true); }

void Outage::expect_those_put_off_to_pass() {
  MilterClient client(daemon_.socket_path(), 20s);
  client.greet();
  for (const int number : come_again_) EXPECT_EQ(tell(client, Mail::own_cold, number).answer, '2') << number;
}

void Outage::expect_the_way_back() {
  EXPECT_EQ(count(Mail::unknown, Phase::down, '5'), 0) << "nobody can know that";
  for (const Lived& lived : lived_) EXPECT_GT(lived.put_off, 0) << lived.fault << ": it was not down";
  EXPECT_GE(daemon_.counter("accounts.breaker.opened"), 1);
  const long refused = daemon_.counter("accounts.breaker.refused");
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(is_normal());
  EXPECT_EQ(daemon_.counter("accounts.breaker.refused"), refused) << "the breaker is open still";
}

void Outage::expect_nobody_pays() {
  EXPECT_EQ(paid(), 0);
  for (std::size_t i = 0; i < kMails; ++i) {
    const Mail mail = static_cast<Mail>(i);
    for (const Phase phase : kPhases) {
      EXPECT_EQ(count(mail, phase, 'c') + count(mail, phase, 't'), 0) << kNames[i];
      EXPECT_TRUE(is_right(mail) || count(mail, phase, '2') == 0) << kNames[i] << " passed";
    }
    EXPECT_GT(count(mail, Phase::up, is_right(mail) ? '2' : '5'), 10) << kNames[i];
    EXPECT_EQ(count(mail, Phase::up, '4'), 0) << kNames[i];
    const bool remembered = mail == Mail::own || mail == Mail::known;
    EXPECT_TRUE(!remembered || count(mail, Phase::down, '4') == 0) << kNames[i] << " was put off";
  }
  if (!plant_.survives) expect_the_way_back();
  expect_those_put_off_to_pass();
  EXPECT_LT(slowest(), kMostPatience);
  EXPECT_TRUE(daemon_.alive());
  EXPECT_EQ(daemon_.said("event=fault"), 0U);
  for (const Lived& lived : lived_) {
    EXPECT_LE(lived.recovery, kMostRecovery) << lived.fault;
    std::cout << fmt::format("{}, {}: {} put off, normal after {} ms\n", plant_.name, lived.fault, lived.put_off,
                             lived.recovery.count());
  }
  std::cout << fmt::format("{}: the slowest callback took {} ms\n", plant_.name, slowest().count());
  if (testing::Test::HasFailure()) std::cout << table();
}

std::string Outage::table() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [which, answers] : counts_) {
    text += fmt::format("{:12}{:9}", kNames[static_cast<std::size_t>(which.first)],
                        std::array{"up", "between", "down"}[static_cast<std::size_t>(which.second)]);
    for (const auto& [answer, times] : answers) text += fmt::format("{}: {:6}  ", answer, times);
    text += '\n';
  }
  for (const auto& [answer, times] : texts_) text += fmt::format("{:6} {}\n", times, answer);
  return text;
}

void costs_nobody_a_5xx(const Plant& plant, const std::string& keys) {
  Outage outage(plant, keys);
  outage.run();
  outage.expect_nobody_pays();
}

}  // namespace postern::test
