// Many sessions at once against one ledger: whatever their dialogues do, no more is let through than is allowed, and
// nothing stays reserved.

#include <fmt/format.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "config/equip.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/session.h"
#include "policy/limits/memory_ledger.h"
#include "tests/session/dice.h"
#include "tests/support/fake_store.h"

namespace postern {
namespace {

using namespace std::chrono_literals;
using limits::Answer;
using limits::Demand;
using limits::Hold;
using limits::Ledger;
using session::SeededDice;

constexpr int kThreads = 8;
constexpr int kConnections = 60;  // of each thread
constexpr std::int64_t kMost = 150;
const std::vector<std::string> kLogins{"a@home.example", "b@home.example", "c@home.example"};

/// Two policies that count the same, and refuse others. What is let through of `provider` is never over, either.
std::string policy_text(const std::string& refused) {
  return "version: 1\nsite: {hostname: mx.home.example, domains: [home.example]}\n"
         "limits:\n"
         "  user: {per: login, count: recipients, allow: 150/24h}\n"
         "  messages: {per: login, count: messages, allow: 100/24h}\n"
         "  provider: {per: [login, recipient.domain], count: recipients, allow: 90/24h}\n"
         "  people: {per: login, count: distinct-recipients, allow: 75/24h}\n"
         "  volume: {per: login, count: bytes, allow: 12000/24h}\n"
         "rules:\n"
         "  - {name: nobody, when: 'recipient.local in [\"nobody\", \"" +
         refused +
         "\"]', reject: true}\n"
         "  - {name: user, when: limit.user is over, defer: true}\n"
         "  - {name: messages, when: limit.messages is over, defer: true}\n"
         "  - {name: provider, when: limit.provider is over, defer: true}\n"
         "  - {name: people, when: limit.people is over, defer: true}\n"
         "  - {name: volume, when: limit.volume is over, defer: true}\n"
         "  - {name: bad-subject, when: 'header.Subject contains \"bad\"', reject: true}\n";
}

/// Hands on what it is asked, but for what a careless engine would forget.
class Careless final : public Ledger {
 public:
  Careless(Ledger& ledger, bool releases, bool reserves) : ledger_(ledger), releases_(releases), reserves_(reserves) {}

  void reserve(std::span<const Demand> demands, std::span<Answer> answers, std::vector<Hold>& holds,
               const Deadline& deadline) override {
    if (reserves_) return ledger_.reserve(demands, answers, holds, deadline);
    ledger_.look(demands, answers, deadline);
  }
  void look(std::span<const Demand> demands, std::span<Answer> answers, const Deadline& deadline) override {
    ledger_.look(demands, answers, deadline);
  }
  void commit(std::span<const Hold> holds) override { ledger_.commit(holds); }
  void release(std::span<const Hold> holds) override {
    if (releases_) ledger_.release(holds);
  }
  void charge(std::span<const Demand> demands) override { ledger_.charge(demands); }
  void note_refused(std::string_view limit, std::string_view key) override { ledger_.note_refused(limit, key); }
  std::vector<Account> show(std::string_view key, const Deadline& deadline) override {
    return ledger_.show(key, deadline);
  }
  std::vector<Account> top(std::string_view limit, std::size_t most, const Deadline& deadline) override {
    return ledger_.top(limit, most, deadline);
  }
  std::size_t reset(std::string_view limit, std::string_view key, const Deadline& deadline) override {
    return ledger_.reset(limit, key, deadline);
  }

 private:
  Ledger& ledger_;
  const bool releases_, reserves_;
};

class Sessions {
 public:
  struct Flaws {
    bool releases = true, reserves = true;
  };
  explicit Sessions(Flaws flaws)
      : kept_(config::keep_in_memory(std::make_shared<test::FakeStore>(), clock_, counters_)) {
    kept_.ledger = std::make_shared<Careless>(*kept_.memory, flaws.releases, flaws.reserves);
    config::Equipment equipment;
    for (const std::string refused : {"one", "two"}) {
      Problems problems;
      auto configuration = config::load_text("test", policy_text(refused), ".", {}, problems);
      if (!configuration) throw std::runtime_error(problems.all().at(0).line());
      equipment = config::equip(*configuration, equipment, kept_, *zone_, clock_, counters_);
      policies_.push_back(configuration->policy);
    }
  }

  void run(unsigned seed) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
      threads.emplace_back([this, seed, i] {
        SeededDice dice(seed * 1000 + i);
        for (int c = 0; c < kConnections; ++c) connection(dice);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  std::int64_t taken(std::size_t login) const { return taken_[login]; }
  std::int64_t mails(std::size_t login) const { return mails_[login]; }
  std::vector<Ledger::Account> accounts(std::size_t login) { return show(kLogins[login]); }
  std::vector<Ledger::Account> show(const std::string& key) {
    return kept_.memory->show(key, Deadline(std::chrono::steady_clock::now() + 5s));
  }

 private:
  void connection(SeededDice& dice) {
    const auto current = [this] { return policies_[now_.load()]; };
    Session session(services_, {current(), current, [](const Policy&) { return true; }});
    session.connect(
        Client{.ip = IpAddress::parse("9.9.9.9"), .name = {}, .ptr = {}, .port = 1, .listener = {}, .local = false},
        nullptr);
    session.helo({}, nullptr);
    for (unsigned messages = 1 + dice.roll(4); messages > 0; --messages) {
      if (!message(session, dice)) return;  // as it stands, in the middle
      if (dice.one_in(8)) now_ = 1 - now_.load();
    }
    session.close();
  }

  // False where the client goes away in the middle.
  bool message(Session& session, SeededDice& dice) {
    const std::size_t login = dice.roll(static_cast<unsigned>(kLogins.size()));
    const auto goes_on = [](const Reaction& reaction) { return reaction.kind == Reaction::Kind::go_on; };
    if (!goes_on(session.mail(Sender{.path = Path::parse("<" + kLogins[login] + ">"),
                                     .login = kLogins[login],
                                     .auth_type = "PLAIN",
                                     .declared_size = {},
                                     .smtputf8 = false},
                              {}, nullptr))) {
      return true;
    }
    std::int64_t accepted = 0;
    for (unsigned recipients = dice.roll(6); recipients > 0; --recipients) {
      const Recipient recipient{Path::parse(some_recipient(dice))};
      if (dice.one_in(10))
        session.rcpt_refused_by_mta(recipient);
      else if (goes_on(session.rcpt(recipient, nullptr)))
        ++accepted;
      if (dice.one_in(30)) return given_up(session, dice);
    }
    if (dice.one_in(10)) return given_up(session, dice);
    if (accepted == 0 || !goes_on(session.data(nullptr))) {
      session.abort();
      return true;
    }
    session.header({"Subject", dice.one_in(10) ? " bad" : " good"});
    if (dice.one_in(20)) return given_up(session, dice);
    if (!goes_on(session.end_of_headers(nullptr))) {
      session.abort();
      return true;
    }
    session.body(std::string(dice.roll(200), 'x'));
    std::this_thread::yield();  // others come in between, also where there are few processors
    if (dice.one_in(20)) return given_up(session, dice);
    if (session.end_of_message(nullptr).kind != Reaction::Kind::accept) return true;
    taken_[login] += accepted;
    ++mails_[login];
    return true;
  }

  static std::string some_recipient(SeededDice& dice) {
    constexpr std::array<const char*, 4> kNames{"one", "two", "nobody", "p"};
    const unsigned name = dice.roll(12);
    return name < 3 ? fmt::format("<{}@far.example>", kNames[name])
                    : fmt::format("<p{}@far{}.example>", dice.roll(40), dice.roll(2));
  }

  // By RSET, by QUIT, or by the next MAIL.
  static bool given_up(Session& session, SeededDice& dice) {
    switch (dice.roll(4)) {
      case 0: session.abort(); return true;
      case 1: session.close(); return false;
      case 2: return false;
      default: return true;
    }
  }

  SystemClock clock_;
  std::vector<std::string> lines_;
  Log log_{LogForm::logfmt, lines_};
  Counters counters_;
  std::unique_ptr<dns::ZoneResolver> zone_ = dns::ZoneResolver::parse("zone", "b.example. A 9.9.9.9\n").value();
  Pool pool_{"none", 0, 0};
  Services services_{clock_, log_, counters_, *zone_, pool_};
  config::Keeping kept_;
  std::vector<std::shared_ptr<const Policy>> policies_;
  std::atomic<std::size_t> now_{0};
  std::array<std::atomic<std::int64_t>, 3> taken_{}, mails_{};
};

std::int64_t reserved(Sessions& sessions) {
  std::int64_t all = 0;
  for (std::size_t login = 0; login < kLogins.size(); ++login) {
    std::vector<std::string> keys{kLogins[login]};
    for (const char* domain : {"far.example", "far0.example", "far1.example"})
      keys.push_back(kLogins[login] + "\t" + domain);
    for (const std::string& key : keys) {
      for (const Ledger::Account& account : sessions.show(key)) all += account.reserved;
    }
  }
  return all;
}

TEST(LimitsOfSessions, LetThroughNoMoreThanIsAllowedAndLeaveNothingReserved) {
  int reached = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Sessions sessions({});
    sessions.run(seed);
    EXPECT_EQ(reserved(sessions), 0) << seed;
    for (std::size_t login = 0; login < kLogins.size(); ++login) {
      EXPECT_LE(sessions.taken(login), kMost) << seed;
      for (const Ledger::Account& account : sessions.accounts(login)) {
        const limits::Ledger::Account::Window& window = account.windows.at(0);
        EXPECT_LE(window.used, window.allow.most) << seed << " " << account.limit;
        if (account.limit == "user") {
          EXPECT_EQ(window.used, sessions.taken(login)) << seed;
          reached += window.used == kMost ? 1 : 0;
        } else if (account.limit == "messages") {
          EXPECT_EQ(window.used, sessions.mails(login)) << seed;
        }
      }
    }
  }
  EXPECT_GT(reached, 0);  // or it would show nothing
}

/// What giving back is there for.
TEST(LimitsOfSessions, WouldLeaveReservationsIfTheyWereNotGivenBack) {
  Sessions sessions({.releases = false});
  sessions.run(1);
  EXPECT_GT(reserved(sessions), 0);
}

/// What reserving is there for: who only looks, and counts at the end, is overtaken.
TEST(LimitsOfSessions, WouldLetMoreThroughIfTheyOnlyLooked) {
  std::int64_t most = 0;
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Sessions sessions({.reserves = false});
    sessions.run(seed);
    for (std::size_t login = 0; login < kLogins.size(); ++login) most = std::max(most, sessions.taken(login));
  }
  EXPECT_GT(most, kMost);
}

}  // namespace
}  // namespace postern
