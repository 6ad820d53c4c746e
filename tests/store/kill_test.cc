#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <sstream>

#include "tests/store/store_world.h"
#include "tests/store/store_writer.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;

/// Runs the writer and kills it that long after its first acknowledgement; what it had acknowledged by then.
std::string run_and_kill(const std::string& path, int round, const char* how, std::chrono::milliseconds after) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  const std::string name = std::to_string(round);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(POSTERN_STORE_WRITER, POSTERN_STORE_WRITER, path.c_str(), name.c_str(), how, nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string told;
  char buffer[65536];
  auto until = std::chrono::steady_clock::now() + 30s;
  bool killed = false;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd readable{ends[0], POLLIN, 0};
    if (!killed && (left <= 0ms || ::poll(&readable, 1, static_cast<int>(left.count())) == 0)) {
      ::kill(pid, SIGKILL);
      killed = true;
      continue;
    }
    const ssize_t got = ::read(ends[0], buffer, sizeof buffer);  // what was written before the end is still in the pipe
    if (got <= 0) break;
    if (told.empty()) until = std::chrono::steady_clock::now() + after;
    told.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return told;
}

struct Account {
  std::size_t acknowledged = 0;
  std::size_t missing = 0;  ///< … and not there
  std::size_t wrong = 0;    ///< … and another value there
};

/// Kills a writer so many times in a row on the same file, at random moments, and looks after each time for all that was
/// acknowledged ever.
Account kill(int times, const char* how) {
  test::TempFolder folder;
  const std::string path = folder / "store.db";
  const SystemClock clock;
  Counters counters;
  std::mt19937 dice(std::random_device{}());
  Account account;
  std::vector<std::string> keys;
  std::int64_t counter = 0;
  for (int round = 0; round < times; ++round) {
    std::istringstream told(run_and_kill(path, round, how, std::chrono::milliseconds(dice() % 150)));
    for (std::string line; std::getline(told, line);) {
      if (told.eof()) break;  // half a line
      ++account.acknowledged;
      if (line.starts_with('+'))
        counter = std::max<std::int64_t>(counter, std::stoll(line.substr(1)));
      else
        keys.push_back(line);
    }
    auto store = make_store({.type = Options::Type::sqlite, .path = path}, clock, counters);
    if (!store) return {};
    for (const std::string& key : keys) {
      const auto entry = (*store)->get(Space::evidence, key);
      if (!entry)
        ++account.missing;
      else if (entry->value != test::value_of(key))
        ++account.wrong;
    }
    const auto sum = (*store)->get(Space::misses, "counter");
    if (counter > 0 && (!sum || std::stoll(sum->value) < counter)) ++account.missing;
    counter = sum ? std::stoll(sum->value) : 0;
  }
  EXPECT_EQ(counters.get("store.replaced").value(), 0);
  return account;
}

TEST(StoreKilled, KeepsAllThatItHasAcknowledged) {
  const Account account = kill(20, "wait");
  EXPECT_GT(account.acknowledged, 1000u);
  EXPECT_EQ(account.missing, 0u);
  EXPECT_EQ(account.wrong, 0u);
  RecordProperty("acknowledged", static_cast<int>(account.acknowledged));
}

TEST(StoreKilled, WithoutWaitingAcknowledgedEntriesAreLost) {
  const Account account = kill(5, "no-wait");
  EXPECT_GT(account.acknowledged, 1000u);
  EXPECT_GT(account.missing, 0u);
  EXPECT_EQ(account.wrong, 0u);
}

}  // namespace
}  // namespace postern::store
