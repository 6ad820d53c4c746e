#include "policy/notices/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "policy/notices/incident_json.h"
#include "tests/notices/notice_support.h"
#include "tests/support/temp_folder.h"

namespace postern::notices {
namespace {

using namespace std::chrono_literals;
using Kind = Attempt::Kind;

/// A folder with scripts.
class Scripts {
 public:
  std::string add(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << "#!/bin/sh\n" << text;
    ::chmod(path.c_str(), 0700);
    return path;
  }
  std::string path(const std::string& name) const { return folder_ / name; }
  std::string read(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  postern::test::TempFolder folder_;
};

Attempt run(const std::vector<std::string>& program, const Interrupt& interrupt,
            std::chrono::milliseconds patience = 10s, Incident incident = test::limit_incident()) {
  return Command(program, "mx.example", interrupt).tell(test::notice_of(std::move(incident)), "", test::in(patience));
}

TEST(Command, ReadsTheIncidentAtItsInput) {
  const Interrupt interrupt;
  Scripts scripts;
  const std::string script = scripts.add("tell", "cat > \"$1\"; printf %s \"$2\" > \"$1.argument\"\n");
  const Attempt made = run({script, scripts.path("got"), "a b; $(id)"}, interrupt);
  EXPECT_EQ(made.kind, Kind::told) << made.problem;
  EXPECT_EQ(scripts.read("got"), incident_json(test::notice_of(test::limit_incident()), "mx.example") + "\n");
  EXPECT_EQ(scripts.read("got.argument"), "a b; $(id)");
}

TEST(Command, HasNothingOfOursButPathAndLang) {
  const Interrupt interrupt;
  Scripts scripts;
  ::setenv("POSTERN_TEST_SECRET", "hunter2", 1);
  const std::string out = scripts.path("out");
  const std::string script =
      scripts.add("look", "{ /usr/bin/env; pwd; grep SigBlk /proc/self/status; } > " + out + "\n");
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  EXPECT_EQ(run({script}, interrupt).kind, Kind::told);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::unsetenv("POSTERN_TEST_SECRET");
  const std::string seen = scripts.read("out");
  EXPECT_EQ(seen.find("hunter2"), std::string::npos) << seen;
  EXPECT_NE(seen.find("PATH=/usr"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\n/\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("SigBlk:\t0000000000000000"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("HOME="), std::string::npos) << seen;
}

TEST(Command, SeesNoDescriptorOfOurs) {
  const Interrupt interrupt;
  Scripts scripts;
  const std::string script = scripts.add("fds", "ls -l /proc/self/fd > " + scripts.path("out") + "\n");
  const int left_open = ::open("/etc/hostname", O_RDONLY);  // without O_CLOEXEC
  EXPECT_EQ(run({script}, interrupt).kind, Kind::told);
  EXPECT_EQ(scripts.read("out").find("/etc/hostname"), std::string::npos) << scripts.read("out");
  // What a plain fork and exec hands on.
  ASSERT_TRUE(test::runs({"sh", "-c", "ls -l /proc/self/fd > " + scripts.path("plain")}));
  EXPECT_NE(scripts.read("plain").find("/etc/hostname"), std::string::npos);
  ::close(left_open);
}

TEST(Command, OfHostileTextRunsNothing) {
  const Interrupt interrupt;
  Scripts scripts;
  const std::string trace = scripts.path("trace");
  Incident incident = test::limit_incident();
  incident.key = incident.what = "$(touch " + trace + ")";
  EXPECT_EQ(run({scripts.add("tell", "cat > /dev/null\n")}, interrupt, 10s, incident).kind, Kind::told);
  EXPECT_NE(::access(trace.c_str(), F_OK), 0);
  // What a command line made of it would do.
  ASSERT_TRUE(test::runs({"sh", "-c", "echo " + incident.key + " > /dev/null"}));
  EXPECT_EQ(::access(trace.c_str(), F_OK), 0);
}

TEST(Command, ThatFailsIsTriedAgain) {
  const Interrupt interrupt;
  Scripts scripts;
  EXPECT_EQ(run({scripts.add("three", "exit 3\n")}, interrupt).problem, "exit status 3");
  EXPECT_EQ(run({scripts.add("die", "kill -9 $$\n")}, interrupt).problem, "it died of signal 9");
  EXPECT_EQ(run({"/nonexistent/tell"}, interrupt).problem, "No such file or directory");
  EXPECT_EQ(run({"/etc/passwd"}, interrupt).problem, "Permission denied");
  EXPECT_EQ(run({"tell"}, interrupt).kind, Kind::refused);
}

TEST(Command, ThatReadsNothingHoldsNobodyUp) {
  const Interrupt interrupt;
  Scripts scripts;
  Incident incident = test::limit_incident();
  incident.facts.assign(100, {"subject", std::string(4000, 'x')});  // more than a pipe holds
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(run({scripts.add("deaf", "exit 0\n")}, interrupt, 10s, incident).kind, Kind::told);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
}

bool lives(const std::string& pid) { return !pid.empty() && ::access(("/proc/" + pid + "/stat").c_str(), F_OK) == 0; }

TEST(Command, IsKilledWithItsChildrenWhenItTakesTooLong) {
  const Interrupt interrupt;
  Scripts scripts;
  const std::string file = scripts.path("child");
  const std::string script = scripts.add("slow", "trap '' TERM\nsleep 60 &\nprintf %s $! > " + file + "\nwait\n");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(run({script}, interrupt, 300ms).problem, "killed: it did not end in time");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  const std::string child = scripts.read("child");
  ASSERT_FALSE(child.empty());
  EXPECT_TRUE(test::comes_true([&] {
    if (!lives(child)) return true;
    std::ifstream in("/proc/" + child + "/stat");  // a zombie, where nobody adopts it
    std::string text{std::istreambuf_iterator<char>(in), {}};
    return text.find(") Z ") != std::string::npos;
  }));
}

TEST(Command, LeavesNoChildBehindWhenItEnds) {
  const Interrupt interrupt;
  Scripts scripts;
  const std::string script = scripts.add("leaves", "sleep 60 &\nprintf %s $! > " + scripts.path("child") + "\n");
  EXPECT_EQ(run({script}, interrupt).kind, Kind::told);
  const std::string child = scripts.read("child");
  EXPECT_TRUE(test::comes_true([&] {
    std::ifstream in("/proc/" + child + "/stat");
    std::string text{std::istreambuf_iterator<char>(in), {}};
    return text.empty() || text.find(") Z ") != std::string::npos;
  }));
}

TEST(Command, EndsWhenItIsInterrupted) {
  Interrupt interrupt;
  Scripts scripts;
  const std::string script = scripts.add("slow", "sleep 60\n");
  std::thread raiser([&] {
    std::this_thread::sleep_for(100ms);
    interrupt.raise();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_NE(run({script}, interrupt, 60s).kind, Kind::told);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  raiser.join();
}

}  // namespace
}  // namespace postern::notices
