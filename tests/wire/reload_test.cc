// FAULTS T12, T69: hangups and reloads under load. Nobody notices, and each message has one policy.

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

// Tells the same number at a recipient and at the end.
Daemon::Setup telling(int number, std::vector<std::string> arguments = {}) {
  const std::string n = std::to_string(number);
  return {.rules = "  - {name: tell, when: 'recipient == \"tell@site.test\"', reject: \"policy " + n +
                   "\"}\n"
                   "  - {name: mark, when: always, add_header: {X-Policy: \"" +
                   n + "\"}}\n",
          .sections = "log: {level: info}\n",
          .arguments = std::move(arguments)};
}

struct Told {
  std::string at_recipient;
  std::string at_end;
  std::string verdict;
  bool operator==(const Told&) const = default;
};

std::string number_in(const std::string& text, const std::string& behind) {
  const std::size_t at = text.find(behind);
  if (at == std::string::npos) return text;
  const std::size_t begin = at + behind.size();
  return text.substr(begin, text.find_first_not_of("0123456789", begin) - begin);
}

Told end_of(MilterClient& c, Told told) {
  EXPECT_EQ(c.rcpt("<r@site.test>"), "continue");
  const auto end = c.end_of_message();
  told.verdict = end.verdict;
  told.at_end = end.edits.size() == 1 ? number_in(end.edits[0], "X-Policy: ") : "no mark";
  return told;
}

Told beginning_of(MilterClient& c, const std::string& sender) {
  c.mail("<" + sender + "@x.test>");
  return {.at_recipient = number_in(c.rcpt("<tell@site.test>"), "policy "), .at_end = {}, .verdict = {}};
}

// Messages one after another over two connections at a time, some with a connection of their own, until it is told to
// end.
class Load {
 public:
  explicit Load(const Daemon& daemon) {
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this, &daemon, i] { run(daemon, i); });
  }
  ~Load() { end(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  std::map<std::string, Told> end() {
    ends_ = true;
    for (std::thread& t : threads_) t.join();
    threads_.clear();
    return told_;
  }
  // Whether it sends so many more.
  bool sends(std::size_t count) {
    const std::size_t wanted = sent() + count;
    return comes_true(20s, [&] { return sent() >= wanted; });
  }

 private:
  std::size_t sent() {
    const std::lock_guard lock(mutex_);
    return told_.size();
  }
  void run(const Daemon& daemon, int who) {
    for (int n = 0; !ends_;) {
      MilterClient c = daemon.client();
      c.greet();
      for (int k = 0; k < 20 && !ends_; ++k, ++n) {
        const std::string sender = "m" + std::to_string(who) + "-" + std::to_string(n);
        const Told told = end_of(c, beginning_of(c, sender));
        const std::lock_guard lock(mutex_);
        told_[sender] = told;
      }
      c.quit();
    }
  }

  std::atomic<bool> ends_{false};
  std::mutex mutex_;
  std::map<std::string, Told> told_;
  std::vector<std::thread> threads_;
};

TEST(Reload, IsNoticedByNoMessageUnderLoad) {
  Daemon daemon(telling(1));
  Load load(daemon);
  int generation = 1;
  for (int i = 0; i < in_long_runs(1000, 300); ++i) {
    if (i % 2 == 0) {
      daemon.configure(telling(++generation));
    } else {
      daemon.write_config("version: 1\nrules: [{name: broken, when: 'sender ==', reject: true}]\n");
    }
    const auto answer = nlohmann::json::parse(daemon.ask("reload"));
    ASSERT_EQ(answer.at("ok"), i % 2 == 0) << i;
    ASSERT_EQ(answer.at("generation"), generation) << i;
    ASSERT_TRUE(i % 20 != 0 || load.sends(3)) << i;  // two may have begun before the reload
  }
  EXPECT_TRUE(load.sends(100));
  const std::map<std::string, Told> told = load.end();
  EXPECT_GT(told.size(), 100U);
  std::set<std::string> seen;
  for (const auto& [sender, t] : told) {
    EXPECT_EQ(t.verdict, "continue") << sender;
    EXPECT_EQ(t.at_recipient, t.at_end) << sender;
    seen.insert(t.at_end);
  }
  EXPECT_GT(seen.size(), 10U) << "the load has seen few reloads";
  std::istringstream log(daemon.log());
  std::size_t decisions = 0;
  for (std::string line; std::getline(log, line);) {
    if (!line.starts_with("event=decision")) continue;
    ++decisions;
    const std::string sender = line.substr(line.find(" sender=") + 8);
    const auto message = told.find(sender.substr(0, sender.find('@')));
    ASSERT_NE(message, told.end()) << line;
    EXPECT_EQ(number_in(line, " generation="), message->second.at_end) << line;
  }
  EXPECT_EQ(decisions, told.size());
}

// The same message with and without a policy of its own, and a reload in the middle.
TEST(Reload, WouldMixPoliciesWithoutAMessagesOwn) {
  for (const bool off : {false, true}) {
    Daemon daemon(
        telling(1, off ? std::vector<std::string>{"--test-without", "snapshot"} : std::vector<std::string>{}));
    MilterClient c = daemon.client();
    c.greet();
    const Told begun = beginning_of(c, "a");
    daemon.configure(telling(2));
    ASSERT_NE(daemon.ask("reload").find("\"ok\":true"), std::string::npos);
    const Told ended = end_of(c, begun);
    EXPECT_EQ(ended, (Told{.at_recipient = "1", .at_end = off ? "2" : "1", .verdict = "continue"}));
  }
}

TEST(Reload, StaysTheSameUnderAHailOfHangups) {
  Daemon daemon(telling(1));
  Load load(daemon);
  for (int i = 0; i < 1000; ++i) {
    daemon.signal(SIGHUP);
    if (i % 50 == 0) std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE(load.sends(20));
  for (const auto& [sender, t] : load.end()) EXPECT_EQ(t, (Told{"1", "1", "continue"})) << sender;
  EXPECT_GT(daemon.said("event=reload level=info ok=true"), 0U);
  EXPECT_TRUE(daemon.alive());
}

// libmilter, or the kernel, takes a hangup for the end.
TEST(Reload, CouldNotStayWithoutOwningTheSignals) {
  Daemon daemon(telling(1, {"--test-without", "signals"}));
  daemon.signal(SIGHUP);
  EXPECT_TRUE(daemon.ended().has_value());
}

}  // namespace
}  // namespace postern::test
