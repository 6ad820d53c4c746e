// FAULTS T25: a NUL stands anywhere, and everything behind it still counts.

#include "config/configuration.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/decision_record.h"
#include "policy/engine/session.h"

namespace postern {
namespace {

struct Seed {
  std::string helo, sender, from, subject;
};

// 40 messages that end in "evil": in the greeting, the sender, the author or the subject.
std::vector<Seed> seeds() {
  const Seed plain{"mx.b.example", "<a@b.example>", "Anna <anna@b.example>", "hello"};
  std::vector<Seed> all;
  for (const char* text : {"evil", "x evil", "x.evil", "a@b.evil", "\"x\" evil", "<a@b>, evil", "=?utf-8?q?x?= evil",
                           "(x) evil", "\xc3\xa4 evil", "\xff evil"}) {
    Seed seed = plain;
    seed.helo = text;
    all.push_back(seed);
    seed = plain;
    seed.sender = text;
    all.push_back(seed);
    seed = plain;
    seed.from = text;
    all.push_back(seed);
    seed = plain;
    seed.subject = text;
    all.push_back(seed);
  }
  return all;
}

// As a C string would have it.
std::string cut(const std::string& text) { return text.substr(0, text.find('\0')); }

class World {
 public:
  // The decisions on one message, as `action rule`.
  std::vector<std::string> decide(const Seed& seed) {
    decisions_.clear();
    Greeting greeting;
    greeting.helo = seed.helo;
    session_.mail(
        Sender{.path = Path::parse(seed.sender), .login = {}, .auth_type = {}, .declared_size = {}, .smtputf8 = false},
        greeting, nullptr);
    session_.rcpt({Path::parse("<b@example.org>")}, nullptr);
    session_.header({"From", seed.from});
    session_.header({"Subject", seed.subject});
    session_.end_of_headers(nullptr);
    session_.end_of_message(nullptr);
    session_.abort();
    return decisions_;
  }

 private:
  static std::shared_ptr<const Policy> policy() {
    Problems problems;
    return config::load_text(
               "test",
               "version: 1\nsite: {hostname: mx.example.org, domains: [example.org]}\nrules:\n"
               "  - {name: seen, when: 'helo ends with \"evil\" or sender ends with \"evil\" or from ends with "
               "\"evil\" or from.name contains \"evil\" or header.Subject ends with \"evil\"', quarantine: true}\n"
               "  - {name: asked, when: 'helo-name is ok and from-domain is ok', log: ok}\n",
               ".", {}, problems)
        ->policy;
  }

  SystemClock clock_;
  std::vector<std::string> lines_;
  Log log_{LogForm::logfmt, lines_};
  Counters counters_;
  std::unique_ptr<dns::ZoneResolver> zone_ = dns::ZoneResolver::parse("zone", "b.example. A 8.8.8.8\n").value();
  Pool pool_{"none", 0, 0};
  std::vector<std::string> decisions_;
  Services services_{.clock = clock_,
                     .log = log_,
                     .counters = counters_,
                     .dns = *zone_,
                     .pool = pool_,
                     .on_decision = [this](const DecisionRecord& record) {
                       decisions_.push_back(std::string(rules::name(record.action)) + " " + record.rule);
                     }};
  Session session_{services_, {policy(), {}, {}}};
};

int unseen(bool whole) {
  World world;
  int lost = 0;
  for (const Seed& seed : seeds()) {
    for (std::string Seed::*text : {&Seed::helo, &Seed::sender, &Seed::from, &Seed::subject}) {
      const std::string& original = seed.*text;
      if (original.find("evil") == std::string::npos) continue;
      for (std::size_t i = 0; i <= original.find("evil"); ++i) {
        Seed with_nul = seed;
        (with_nul.*text).insert(i, 1, '\0');
        if (!whole) with_nul.*text = cut(with_nul.*text);
        const auto decisions = world.decide(with_nul);
        EXPECT_EQ(decisions.size(), 1u) << original << " at " << i;
        if (decisions != std::vector<std::string>{"quarantine seen"}) ++lost;
      }
    }
  }
  return lost;
}

TEST(Nul, HidesNothingBehindIt) { EXPECT_EQ(unseen(true), 0); }

TEST(Nul, CouldHideItInACString) { EXPECT_GT(unseen(false), 100); }

TEST(Nul, MakesOneDecisionWhereverItStands) {
  World world;
  int messages = 0;
  for (const Seed& seed : seeds()) {
    for (std::string Seed::*text : {&Seed::helo, &Seed::sender, &Seed::from, &Seed::subject}) {
      for (std::size_t i = 0; i <= (seed.*text).size(); ++i) {
        Seed with_nul = seed;
        (with_nul.*text).insert(i, 1, '\0');
        ASSERT_EQ(world.decide(with_nul).size(), 1u) << seed.*text << " at " << i;
        ++messages;
      }
    }
  }
  EXPECT_GT(messages, 2000);
}

}  // namespace
}  // namespace postern
