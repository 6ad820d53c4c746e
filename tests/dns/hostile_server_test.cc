// A server, or somebody beside it, that means ill (FAULTS T40-T43).

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "tests/dns/scripted_world.h"
#include "tests/support/temp_folder.h"

extern char** environ;

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

Options patient(std::chrono::milliseconds timeout) {
  Options options;
  options.timeout = timeout;
  options.breaker.errors = 0;  // each name is to fail by itself
  return options;
}

TEST(HostileServer, SaysNothingThatCounts) {
  ScriptedWorld w(
      "; SERVER empty.test EMPTY\n; SERVER loop.test LOOP\n; SERVER elsewhere.test ELSEWHERE\n"
      "; SERVER garbage.test GARBAGE\n; SERVER id.test WRONG_ID\n; SERVER question.test WRONG_QUESTION\n"
      "empty.test. A 192.0.2.66\nloop.test. A 192.0.2.66\nelsewhere.test. A 192.0.2.66\ngarbage.test. A 192.0.2.66\n"
      "id.test. A 192.0.2.66\nquestion.test. A 192.0.2.66\nok.test. A 192.0.2.1\n",
      patient(1s));
  const auto names = {"empty.test", "loop.test", "elsewhere.test", "garbage.test", "id.test", "question.test"};
  for (const auto* name : names) w.resolver->prefetch(question_of(name));
  EXPECT_EQ(w.status("ok.test"), Status::ok);
  for (const auto* name : names) {
    const AnswerPtr answer = w.ask(name);
    EXPECT_EQ(answer->status, Status::tempfail) << name;
    EXPECT_TRUE(answer->addresses.empty()) << name;
  }
}

TEST(HostileServer, SaysTooMuchToUseAll) {  // FAULTS T41
  std::string script;
  for (int i = 0; i < 300; ++i) script += fmt::format("many.test. A 192.0.{}.{}\n", i / 200, i % 200 + 1);
  const auto text = [&](const std::string& name, std::size_t strings) {
    script += name + ". TXT";
    for (std::size_t i = 0; i < strings; ++i) script += fmt::format(" \"{}\"", std::string(250, 'x'));
    script += "\n";
  };
  text("fits.test", 65);  // 16,250 bytes
  text("over.test", 66);  // 16,500
  text("some.test", 66);
  script += "some.test. TXT \"small\"\n";
  ScriptedWorld w(script);
  EXPECT_EQ(w.ask("many.test")->addresses.size(), 100u);
  EXPECT_EQ(w.counted("dns.over"), 200);
  EXPECT_EQ(w.ask("fits.test", Type::txt)->texts.size(), 1u);
  EXPECT_EQ(w.status("over.test", Type::txt), Status::tempfail);
  EXPECT_EQ(w.ask("some.test", Type::txt)->texts, std::vector<std::string>{"small"});
}

// FAULTS T40. The forger is faster than the server, and knows more than one on the network could: the port that was
// asked from, and with it either the id or the server's address.
TEST(HostileServer, ForgeriesAreNotTaken) {
  ScriptedWorld w(
      "; SERVER *.ids.test FORGER_EVERY_ID\n; DELAY *.ids.test 300\n*.ids.test. A 192.0.2.1\n"
      "; SERVER *.source.test FORGER_WRONG_SOURCE\n; DELAY *.source.test 100\n*.source.test. A 192.0.2.1\n");
  const unsigned rounds = std::getenv("POSTERN_LONG") != nullptr ? 16 : 4;  // a million forgeries, or a quarter
  for (const char* zone : {"ids.test", "source.test"}) {
    for (unsigned i = 0; i < rounds; ++i) {
      const AnswerPtr answer = w.ask(fmt::format("n{}.{}", i, zone), Type::a, 30s);
      for (const IpAddress& address : answer->addresses) EXPECT_EQ(address.text(), "192.0.2.1") << zone;
    }
  }
  EXPECT_GE(w.server.forged(), rounds * (65'535u + 1'000u));
}

TEST(HostileServer, OneWhoKnowsPortAndIdIsTaken) {  // so the forgeries above are no worse than the truth
  ScriptedWorld w("; SERVER a.test FORGER_KNOWS_ALL\n; DELAY a.test 500\na.test. A 192.0.2.1\n");
  const AnswerPtr answer = w.ask("a.test");
  ASSERT_EQ(answer->addresses.size(), 1u);
  EXPECT_EQ(answer->addresses[0].text(), "203.0.113.66");
}

// FAULTS T38: the breaker is no lever in a stranger's hand.
TEST(HostileServer, DeadZonesOfAStrangerStopNobodyElse) {
  Options options;
  options.canary = {*Domain::parse("ns.known.test")};
  ScriptedWorld w(
      "ns.known.test. A 192.0.2.1\nok.test. A 192.0.2.1\n; RCODE dead1.test 2\n; RCODE dead2.test 2\n"
      "; RCODE dead3.test 2\n; RCODE dead4.test 2\n",
      options);
  const auto becomes = [&](auto condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
    return condition();
  };
  w.resolver->tick();
  ASSERT_TRUE(becomes([&] { return w.resolver->health().canary == CanaryState::green; }));
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(w.status(fmt::format("dead{}.test", i)), Status::tempfail);
  EXPECT_EQ(w.status("ok.test"), Status::ok);
  w.resolver->tick();
  EXPECT_EQ(w.counted("dns.breaker.opened"), 0);
  EXPECT_EQ(w.resolver->health().canary, CanaryState::green);
}

/// The scripted server as a process of its own, which can be frozen.
class Frozen : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_ / "script") << "a.test. A 192.0.2.1\nb.test. A 192.0.2.1\n";
    const std::string script = folder_ / "script", output = folder_ / "port";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT, 0600);
    const char* arguments[] = {POSTERN_SCRIPTED_DNS, script.c_str(), nullptr};
    ASSERT_EQ(posix_spawn(&pid_, POSTERN_SCRIPTED_DNS, &actions, nullptr, const_cast<char**>(arguments), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    std::string line;
    for (int i = 0; i < 2000 && !line.ends_with('\n'); ++i) {
      std::this_thread::sleep_for(5ms);
      std::ifstream in(output);
      line.assign(std::istreambuf_iterator<char>(in), {});
    }
    ASSERT_TRUE(line.starts_with("127.0.0.1@")) << line;
    port_ = static_cast<std::uint16_t>(std::stoi(line.substr(10)));
    ASSERT_EQ(kill(pid_, SIGSTOP), 0);
  }
  void TearDown() override {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::unique_ptr<Resolver> resolver(std::chrono::milliseconds timeout) {
    Options options = patient(timeout);
    options.servers = {{"127.0.0.1", port_}};
    options.failure_age = 0s;
    return make_resolver(options, clock_, counters_).value();
  }

  test::TempFolder folder_;
  SystemClock clock_;
  Counters counters_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

TEST_F(Frozen, ResolverHoldsNobodyLongerThanTheTimeout) {  // FAULTS T42
  const auto dns = resolver(300ms);
  const AnswerPtr answer = dns->query(question_of("a.test"), in(1h));
  EXPECT_EQ(answer->status, Status::tempfail);
  EXPECT_EQ(answer->problem, "no answer in time");
  kill(pid_, SIGCONT);
  Status status = Status::tempfail;
  for (int i = 0; i < 200 && status != Status::ok; ++i) status = dns->query(question_of("b.test"), in(1h))->status;
  EXPECT_EQ(status, Status::ok);
}

TEST_F(Frozen, ResolverHoldsEverybodyWithoutTheTimeout) {
  const auto dns = resolver(1h);
  auto answer = std::async(std::launch::async, [&] { return dns->query(question_of("a.test"), in(1h)); });
  EXPECT_EQ(answer.wait_for(1500ms), std::future_status::timeout);
  kill(pid_, SIGCONT);
  EXPECT_EQ(answer.get()->status, Status::ok);
}

TEST(HostileServer, EveryQuestionEndsAndLeavesNoDescriptor) {  // FAULTS T43; with bogus ones in dnssec_test.cc
  ScriptedWorld w(
      "; SERVER *.cut.test TAIL\n*.cut.test. A 192.0.2.1\n; RCODE *.fail.test 2\n*.lost.test. CNAME a.loop.test.\n"
      "a.loop.test. CNAME b.loop.test.\nb.loop.test. CNAME a.loop.test.\n",
      patient(2s));
  const auto ask_all = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      for (const char* zone : {"cut.test", "fail.test", "lost.test"}) {
        w.resolver->prefetch(question_of(fmt::format("n{}.{}", i, zone)));
      }
    }
    for (int i = from; i < to; ++i) {
      for (const char* zone : {"cut.test", "fail.test", "lost.test"})
        EXPECT_EQ(w.status(fmt::format("n{}.{}", i, zone)), Status::tempfail) << zone;
    }
  };
  ask_all(0, 20);
  const std::size_t before = open_files();
  ask_all(20, 120);
  for (int i = 0; i < 2000 && w.counted("dns.outstanding") > 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(w.counted("dns.outstanding"), 0);
  EXPECT_LE(open_files(), before + 2);
}

}  // namespace
}  // namespace postern::dns
