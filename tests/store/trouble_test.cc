#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "policy/store/sqlite.h"
#include "tests/store/store_world.h"
#include "tests/support/tmpfs.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
using test::Tmpfs;

std::string key(int i) { return "key" + std::to_string(i); }

void write_some(StoreWorld& w, int from, int to) {
  for (int i = from; i < to; ++i) w.put(Space::evidence, key(i), std::string(500, static_cast<char>('a' + i % 26)));
}

/// All that was written is seen, whatever the file does.
void expect_all(StoreWorld& w, int to) {
  for (int i = 0; i < to; ++i)
    ASSERT_TRUE(w.get(Space::evidence, key(i)) == std::string(500, static_cast<char>('a' + i % 26))) << i;
}

/// Goes on in memory, says so, and comes back once `mend()` is called.
template <class Mend>
void lives_through(StoreWorld& w, int written, Mend mend) {
  write_some(w, written, written + 2000);
  ASSERT_TRUE(eventually([&] { return !w.store->health().durable; }));
  EXPECT_NE(w.store->health().problem, "");
  EXPECT_GT(w.store->health().waiting, 0u);
  expect_all(w, written + 2000);
  EXPECT_EQ(w.store->add(Space::misses, "c", 1, w.clock.wall() + 1h), 1);
  EXPECT_EQ(w.store->add(Space::misses, "c", 1, w.clock.wall() + 1h), 2);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_FALSE(w.wait(w.put(Space::evidence, "waited", "1"), 20s));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);  // at once, not at its deadline
  mend();
  EXPECT_TRUE(eventually([&] { return w.store->health().durable; })) << w.store->health().problem;
  EXPECT_TRUE(w.wait()) << w.store->health().problem;
  EXPECT_EQ(w.store->health().problem, "");
  EXPECT_EQ(w.counted("store.replaced"), 0);
  w.open();
  expect_all(w, written + 2000);
  EXPECT_EQ(w.get(Space::misses, "c"), "2");
  EXPECT_EQ(w.get(Space::evidence, "waited"), "1");
}

TEST(StoreTrouble, AFullDisk) {
  StoreWorld w;
  w.store.reset();
  Tmpfs disk(w.folder.path());
  if (!disk.mounted()) GTEST_SKIP() << "the right to mount a tmpfs is missing";
  w.open();
  write_some(w, 0, 100);
  ASSERT_TRUE(w.wait());
  disk.fill();
  lives_through(w, 100, [&] { std::filesystem::remove(w.folder / "ballast"); });
  w.store.reset();
}

TEST(StoreTrouble, AFullDiskAtTheStart) {
  StoreWorld w(Options::Type::memory);
  Tmpfs disk(w.folder.path());
  if (!disk.mounted()) GTEST_SKIP() << "the right to mount a tmpfs is missing";
  disk.fill();
  w.options.type = Options::Type::sqlite;
  w.open();
  lives_through(w, 0, [&] { std::filesystem::remove(w.folder / "ballast"); });
  w.store.reset();
}

TEST(StoreTrouble, ADiskThatIsReadOnly) {
  StoreWorld w;
  w.store.reset();
  Tmpfs disk(w.folder.path());
  if (!disk.mounted()) GTEST_SKIP() << "the right to mount a tmpfs is missing";
  w.open();
  write_some(w, 0, 100);
  w.store.reset();
  ASSERT_TRUE(disk.read_only(true));
  w.open();
  lives_through(w, 0, [&] { ASSERT_TRUE(disk.read_only(false)); });
  w.store.reset();
}

// Every write over the limit fails with EFBIG, as with EIO: in the log, in the file, in whatever SQLite writes.
TEST(StoreTrouble, AWriteThatFails) {
  for (const rlim_t limit : {0, 5'000, 50'000, 200'000}) {
    StoreWorld w;
    write_some(w, 0, 100);
    ASSERT_TRUE(w.wait());
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    const rlimit low{limit, usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
    lives_through(w, 100, [&] { ::setrlimit(RLIMIT_FSIZE, &usual); });
    ::setrlimit(RLIMIT_FSIZE, &usual);
    std::signal(SIGXFSZ, handler);
  }
}

TEST(StoreTrouble, AFileThatMayNotBeWritten) {
  StoreWorld w;
  write_some(w, 0, 100);
  ASSERT_TRUE(w.wait());
  w.store.reset();
  constexpr uid_t kNobody = 65534;
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::chown(w.folder.path().c_str(), kNobody, 0), 0);
    ASSERT_EQ(::chown(w.options.path.c_str(), kNobody, 0), 0);
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  ::chmod(w.options.path.c_str(), 0400);
  w.open();
  lives_through(w, 0, [&] { ::chmod(w.options.path.c_str(), 0600); });
  w.store.reset();
  ASSERT_EQ(::seteuid(root ? 0 : ::geteuid()), 0);
}

TEST(StoreTrouble, AFileThatAnotherProcessLocks) {
  StoreWorld w;
  write_some(w, 0, 100);
  ASSERT_TRUE(w.wait());
  sqlite::Connection other;
  ASSERT_EQ(other.open(w.options.path, sqlite::Mode::write), sqlite::Status::ok);
  ASSERT_EQ(other.run("BEGIN IMMEDIATE"), sqlite::Status::ok);
  lives_through(w, 100, [&] { other.close(); });
}

TEST(StoreTrouble, MemoryStaysBoundedWhileNothingCanBeWritten) {
  StoreWorld w(Options::Type::memory);
  w.options.type = Options::Type::sqlite;
  w.options.most_waiting = 1000;
  w.options.most_memory = std::size_t{4} << 20;
  w.open();
  sqlite::Connection other;
  ASSERT_EQ(other.open(w.options.path, sqlite::Mode::write), sqlite::Status::ok);
  ASSERT_EQ(other.run("BEGIN IMMEDIATE"), sqlite::Status::ok);
  write_some(w, 0, 50'000);
  EXPECT_TRUE(eventually([&] { return !w.store->health().durable; }));
  EXPECT_LE(w.store->health().waiting, 1000u);
  EXPECT_GT(w.counted("store.queue_full"), 40'000);
  EXPECT_EQ(w.get(Space::evidence, key(49'999)), std::string(500, static_cast<char>('a' + 49'999 % 26)));
  EXPECT_EQ(w.get(Space::evidence, key(20'000)), "-");
  other.close();
  EXPECT_TRUE(eventually([&] { return w.store->health().waiting == 0; }));
  EXPECT_TRUE(eventually([&] { return w.wait(w.put(Space::evidence, "later", "1")); }));
}

}  // namespace
}  // namespace postern::store
