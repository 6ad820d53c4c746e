#include "tests/scenario/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <mutex>
#include <random>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "config/configuration.h"
#include "config/equip.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/session.h"
#include "tests/support/fake_store.h"
#include "tests/support/temp_folder.h"

namespace postern::scenario {

namespace {

/// The hour is always the same; time goes on.
class FixedWall final : public Clock {
 public:
  SteadyTime now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return WallTime(std::chrono::seconds(1'790'000'000)); }  // 2026-09-21 13:33:20 UTC
};

/// Answers like the zone, in any weather each after a random moment, and as far to be relied on as the dialogue says.
class Weathered final : public dns::Resolver {
 public:
  Weathered(dns::Resolver& zone, unsigned seed) : zone_(zone), delays_(seed != 0), random_(seed) {}

  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question& q, const Deadline& d) override {
    return rest(), as_told(zone_.query(q, d));
  }
  dns::AnswerPtr query_uncached(const dns::Question& q, const Deadline& d) override {
    return rest(), as_told(zone_.query_uncached(q, d));
  }
  bool in_doubt() const override { return doubt_; }
  /// `sound`, `in-doubt` or `stale`.
  void become(const std::string& state) {
    doubt_ = state == "in-doubt";
    trust_ = state == "stale" ? dns::Trust::stale : dns::Trust::servers;
  }

 private:
  dns::AnswerPtr as_told(const dns::AnswerPtr& answer) const {
    dns::Answer told = *answer;
    told.trust = trust_;
    return std::make_shared<const dns::Answer>(std::move(told));
  }
  void rest() {
    if (!delays_) return;
    unsigned micros = 0;
    {
      const std::lock_guard lock(mutex_);
      micros = static_cast<unsigned>(random_() % 5000);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(micros));
  }
  dns::Resolver& zone_;
  const bool delays_;
  std::atomic<bool> doubt_{false};
  std::atomic<dns::Trust> trust_{dns::Trust::local};
  std::mutex mutex_;
  std::mt19937 random_;
};

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string option(const std::vector<std::string>& words, const std::string& key) {
  for (const std::string& word : words) {
    if (word.rfind(key + "=", 0) == 0) return word.substr(key.size() + 1);
  }
  return {};
}

std::string describe(const Reaction& reaction) {
  switch (reaction.kind) {
    case Reaction::Kind::go_on: return "continue";
    case Reaction::Kind::accept: return "accept";
    case Reaction::Kind::discard: return "discard";
    case Reaction::Kind::quarantine: return "quarantine " + reaction.reason;
    case Reaction::Kind::refuse:
      return fmt::format("{} {} {}", reaction.reply->code(), reaction.reply->status_text(), reaction.reply->text());
  }
  return {};
}

std::string describe(const Edit& edit) {
  switch (edit.kind) {
    case Edit::Kind::add_header: return fmt::format("edit add {}: {}", edit.name, edit.value);
    case Edit::Kind::insert_header: return fmt::format("edit insert {}: {}", edit.name, edit.value);
    case Edit::Kind::delete_header: return fmt::format("edit delete {} {}", edit.name, edit.index);
  }
  return {};
}

// Ids are random and times are the weather's.
std::string without_weather(std::string text) {
  text = std::regex_replace(text, std::regex(R"(\b(id|ms)=\S+)"), "$1=*");
  text = std::regex_replace(text, std::regex(R"(timings=("[^"]*"|\S+))"), "timings=*");
  return std::regex_replace(text, std::regex(R"(\([0-9a-hjkmnp-tv-z]{12}\))"), "(*)");
}

class Theatre {
 public:
  Theatre(const Scenario& scenario, const Weather& weather)
      : scenario_(scenario),
        log_(LogForm::logfmt, lines_),
        zone_(parse(scenario.zone)),
        dns_(*zone_, weather.delay_seed),
        pool_("evidence", weather.pool_threads, 100),
        services_{clock_, log_, counters_, dns_, pool_, {}} {
    for (const auto& [name, text] : scenario.files) std::ofstream(folder_.path() + "/" + name) << text;
    for (const std::string& text : scenario.policies) policies_.push_back(load(text));
    current_ = policies_.front();
    session_ = std::make_unique<Session>(services_, Session::PolicySource{current_, [this] { return current_; }, {}});
  }

  Outcome play() {
    for (const Scenario::Step& step : scenario_.steps) {
      lines_.clear();
      const Reaction reaction = say(step.event);
      std::vector<std::string> said{describe(reaction)};
      for (const Edit& edit : reaction.edits) said.push_back(describe(edit));
      outcome_.transcript.push_back("> " + step.event);
      for (const std::string& line : said) outcome_.transcript.push_back("< " + without_weather(line));
      for (const std::string& line : lines_) outcome_.transcript.push_back("  " + without_weather(line));
      for (const std::string& expected : step.expectations) expect(step, expected, said);
    }
    session_.reset();
    return std::move(outcome_);
  }

 private:
  static std::unique_ptr<dns::ZoneResolver> parse(const std::string& text) {
    auto zone = dns::ZoneResolver::parse("zone", text);
    if (!zone) throw std::runtime_error(zone.error().message);
    return std::move(zone).value();
  }

  std::shared_ptr<const Policy> load(const std::string& text) {
    Problems problems;
    config::LoadOptions options;
    options.generation = policies_.size() + 1;
    auto configuration = config::load_text(scenario_.name, text, folder_.path(), options, problems);
    if (configuration) {
      equipment_ = config::equip(*configuration, equipment_, keeping_, dns_, clock_, counters_);
      return configuration->policy;
    }
    std::string all;
    for (const Problem& problem : problems.sorted()) all += problem.line() + "\n";
    throw std::runtime_error(all);
  }

  Reaction say(const std::string& event) {
    const std::size_t space = event.find(' ');
    const std::string verb = event.substr(0, space);
    const std::string rest = space == std::string::npos ? std::string() : event.substr(space + 1);
    const std::vector<std::string> w = words(rest);
    if (verb == "connect") {
      Client client{.ip = IpAddress::parse(w.at(0)),
                    .name = option(w, "name"),
                    .ptr = {},
                    .port = 4711,
                    .listener = option(w, "listener"),
                    .local = w[0] == "local"};
      return session_->connect(std::move(client), nullptr);
    }
    if (verb == "helo") {
      greeting_ = Greeting{.helo = w.at(0), .tls_version = option(w, "tls"), .tls_cipher = {}, .tls_subject = {}};
      return session_->helo(greeting_, nullptr);
    }
    if (verb == "mail") {
      Sender sender{.path = Path::parse(w.at(0)),
                    .login = option(w, "login"),
                    .auth_type = option(w, "auth"),
                    .declared_size = {},
                    .smtputf8 = false};
      if (const std::string size = option(w, "size"); !size.empty()) sender.declared_size = std::stoull(size);
      return session_->mail(std::move(sender), greeting_, nullptr);
    }
    if (verb == "rcpt") return session_->rcpt(Recipient{Path::parse(w.at(0))}, nullptr);
    if (verb == "rcpt-refused") return session_->rcpt_refused_by_mta(Recipient{Path::parse(w.at(0))}), Reaction{};
    if (verb == "data") return session_->data(nullptr);
    if (verb == "header") {
      const std::size_t colon = rest.find(':');
      return session_->header({rest.substr(0, colon), rest.substr(colon + 1)});
    }
    if (verb == "eoh") return session_->end_of_headers(nullptr);
    if (verb == "body") return session_->body(std::string(std::stoull(w.at(0)), 'x'));
    if (verb == "eom") return session_->end_of_message(nullptr);
    if (verb == "abort") return session_->abort(), Reaction{};
    if (verb == "close") return session_->close(), Reaction{};
    if (verb == "dns") return dns_.become(w.at(0)), Reaction{};
    if (verb == "policy") return current_ = policies_.at(++policy_), Reaction{};
    throw std::runtime_error("no such event: " + event);
  }

  void expect(const Scenario::Step& step, const std::string& expected, const std::vector<std::string>& said) {
    const auto fail = [&](const std::string& got) {
      outcome_.failures.push_back(
          fmt::format("{}:{}: {}\n  expected {}\n  got      {}", scenario_.name, step.line, step.event, expected, got));
    };
    if (expected.rfind("decision ", 0) == 0) {
      const std::string event = lines_.empty() ? std::string() : lines_.back();
      static const std::regex kField(R"re((\S+?)=("[^"]*"|\S+))re");
      for (auto i = std::sregex_iterator(expected.begin() + 9, expected.end(), kField); i != std::sregex_iterator();
           ++i) {
        if (event.find(" " + i->str()) == std::string::npos) return fail(event.empty() ? "no decision" : event);
      }
    } else if (expected == "no decision") {
      if (!lines_.empty()) fail(lines_.back());
    } else if (expected.rfind("edit ", 0) == 0) {
      const bool found =
          std::any_of(said.begin(), said.end(), [&](const std::string& line) { return line.rfind(expected, 0) == 0; });
      if (!found) fail(join(said, " | "));
    } else if (expected == "no edit") {
      if (said.size() > 1) fail(said[1]);
    } else if (expected.size() > 10 && std::isdigit(static_cast<unsigned char>(expected[0]))) {
      // "CODE STATUS part of the text"
      const std::size_t text = expected.find(' ', 4);
      const bool same_code = said[0].rfind(expected.substr(0, text), 0) == 0;
      if (!same_code || (text != std::string::npos && said[0].find(expected.substr(text + 1)) == std::string::npos))
        fail(said[0]);
    } else if (said[0].rfind(expected, 0) != 0) {
      fail(said[0]);
    }
  }

  const Scenario& scenario_;
  FixedWall clock_;
  Counters counters_;
  std::vector<std::string> lines_;
  Log log_;
  std::unique_ptr<dns::ZoneResolver> zone_;
  Weathered dns_;
  test::TempFolder folder_;
  std::shared_ptr<store::Store> store_ = std::make_shared<test::FakeStore>();
  config::Keeping keeping_ = config::keep_in_memory(store_, clock_, counters_);
  config::Equipment equipment_;
  Pool pool_;  // ends before what its tasks use
  Services services_;
  std::vector<std::shared_ptr<const Policy>> policies_;
  std::size_t policy_ = 0;
  std::shared_ptr<const Policy> current_;
  Greeting greeting_;
  std::unique_ptr<Session> session_;
  Outcome outcome_;
};

}  // namespace

Scenario read(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot read " + path);
  Scenario scenario;
  scenario.name = path.substr(path.rfind('/') + 1);
  std::string section;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.rfind("== ", 0) == 0) {
      section = line.substr(3);
      if (section == "policy") scenario.policies.emplace_back();
    } else if (section == "policy") {
      scenario.policies.back() += line + "\n";
    } else if (section.rfind("file ", 0) == 0) {
      scenario.files[section.substr(5)] += line + "\n";
    } else if (section == "zone") {
      scenario.zone += line + "\n";
    } else if (section == "dialogue" && !trim(line).empty() && line[0] != '#') {
      if (line.rfind("-> ", 0) == 0)
        scenario.steps.back().expectations.push_back(line.substr(3));
      else
        scenario.steps.push_back({number, line, {}});
    }
  }
  return scenario;
}

Outcome run(const Scenario& scenario, const Weather& weather) { return Theatre(scenario, weather).play(); }

}  // namespace postern::scenario
