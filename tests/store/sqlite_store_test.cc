#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tests/store/store_world.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::vector<std::string> moved_aside(const StoreWorld& w) {
  std::vector<std::string> names;
  for (const auto& at : fs::directory_iterator(w.folder.path())) {
    const std::string name = at.path().filename().string();
    if (name.find(".corrupt-") != std::string::npos && !name.ends_with("-wal") && !name.ends_with("-shm"))
      names.push_back(name);
  }
  return names;
}

TEST(SqliteStore, RemembersWhatAnEarlierProcessWrote) {
  StoreWorld w;
  for (int i = 0; i < 5000; ++i) w.put(Space::evidence, std::to_string(i), "v" + std::to_string(i));
  EXPECT_TRUE(w.wait());
  EXPECT_EQ(w.store->health().waiting, 0u);
  EXPECT_TRUE(w.store->health().durable);
  w.put(Space::evidence, "last", "1");  // the end writes what nobody has waited for
  w.store->erase(Space::evidence, "7");
  w.store.reset();
  EXPECT_FALSE(fs::exists(w.options.path + "-wal"));
  w.open();
  EXPECT_EQ(w.get(Space::evidence, "4999"), "v4999");
  EXPECT_EQ(w.get(Space::evidence, "last"), "1");
  EXPECT_EQ(w.get(Space::evidence, "7"), "-");
  EXPECT_TRUE(eventually([&] { return w.store->health().entries == 5000; })) << w.store->health().entries;
  EXPECT_TRUE(w.store->take_notices().empty());
}

TEST(SqliteStore, WritesByItselfAfterAMoment) {
  StoreWorld w;
  w.put(Space::evidence, "a", "1");
  EXPECT_TRUE(eventually([&] { return w.store->health().waiting == 0; }));
}

TEST(SqliteStore, NobodyElseMayReadItsFiles) {
  StoreWorld w;
  w.put(Space::evidence, "a", "1");
  EXPECT_TRUE(w.wait());
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((w.options.path + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
  w.store.reset();
  ::chmod(w.options.path.c_str(), 0644);
  w.open();
  struct stat status {};
  ::stat(w.options.path.c_str(), &status);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(SqliteStore, ItsFolderMustExist) {
  SystemClock clock;
  Counters counters;
  test::TempFolder folder;
  const auto fails = [&](const std::string& path) {
    return !make_store({.type = Options::Type::sqlite, .path = path}, clock, counters);
  };
  EXPECT_TRUE(fails(folder / "missing/store.db"));
  EXPECT_TRUE(fails(folder.path()));
  EXPECT_TRUE(fails(""));
  EXPECT_FALSE(fails(folder / "store.db"));
}

TEST(SqliteStore, AStepOfTheClockWhileItIsDownLeavesNothingForEver) {
  StoreWorld w;
  w.put(Space::evidence, "far", "1", 24h * 300);
  w.store.reset();
  w.clock.step_wall(-24h * 3650);
  w.open();
  EXPECT_LE(w.store->get(Space::evidence, "far")->expires, w.clock.wall() + kLongest);
  ASSERT_EQ(w.store->list(Space::evidence, "", 9).size(), 1u);
  EXPECT_LE(w.store->list(Space::evidence, "", 9)[0].entry.expires, w.clock.wall() + kLongest);
  EXPECT_TRUE(eventually([&] {
    const auto reader = open_read_only(w.options.path, w.clock, w.counters);
    return reader && (*reader)->get(Space::evidence, "far")->expires <= w.clock.wall() + kLongest;
  }));
}

TEST(SqliteStore, AFullQueueKeepsTheNewestInMemory) {
  StoreWorld w(Options::Type::sqlite, {.most_waiting = 100});
  Ticket refused = 0;
  for (int i = 0; i < 20000; ++i) {
    const Ticket ticket = w.put(Space::evidence, std::to_string(i), "x");
    if (refused == 0 && w.counted("store.queue_full") > 0) refused = ticket;
  }
  ASSERT_GT(w.counted("store.queue_full"), 0);
  EXPECT_FALSE(w.wait(refused));
  for (int i = 0; i < 20000; ++i) ASSERT_EQ(w.get(Space::evidence, std::to_string(i)), "x");
  EXPECT_TRUE(eventually([&] { return w.store->health().waiting == 0; }));
  EXPECT_TRUE(eventually([&] { return w.wait(w.put(Space::evidence, "later", "x")); }));
}

TEST(SqliteStore, AReaderOfAnotherProcessSeesWhatIsInTheFile) {
  StoreWorld w;
  EXPECT_TRUE(w.wait(w.put(Space::observed_grant, "a", "1")));
  const auto opened = open_read_only(w.options.path, w.clock, w.counters);
  ASSERT_TRUE(opened) << opened.error().message;
  Store& reader = **opened;
  EXPECT_EQ(reader.get(Space::observed_grant, "a")->value, "1");
  EXPECT_EQ(reader.put(Space::observed_grant, "b", "2", w.clock.wall() + 1h), kRefused);
  EXPECT_EQ(reader.add(Space::observed_grant, "a", 4, w.clock.wall() + 1h), 5);
  EXPECT_FALSE(reader.wait(kRefused, Deadline(SteadyTime::min())));
  EXPECT_TRUE(w.wait(w.put(Space::observed_grant, "c", "3")));
  EXPECT_EQ(reader.list(Space::observed_grant, "", 9).size(), 2u);
  EXPECT_EQ(w.get(Space::observed_grant, "a"), "1");
  w.clock.advance(1h);
  EXPECT_FALSE(reader.get(Space::observed_grant, "a"));
}

TEST(SqliteStore, AReaderTellsWhatItCannotRead) {
  StoreWorld w(Options::Type::memory);
  EXPECT_FALSE(open_read_only(w.folder / "missing", w.clock, w.counters));
  std::ofstream(w.folder / "text") << std::string(5000, 'x');
  EXPECT_FALSE(open_read_only(w.folder / "text", w.clock, w.counters));
  EXPECT_TRUE(fs::exists(w.folder / "text"));
  EXPECT_TRUE(moved_aside(w).empty());
}

TEST(SqliteStore, BeginsAnewWhereSomebodyRemovesTheFile) {
  StoreWorld w;
  EXPECT_TRUE(w.wait(w.put(Space::evidence, "a", "1")));
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(w.options.path + suffix);
  EXPECT_TRUE(eventually([&] { return fs::exists(w.options.path); }));
  EXPECT_TRUE(w.wait(w.put(Space::evidence, "b", "2")));
  w.open();
  EXPECT_EQ(w.get(Space::evidence, "a"), "1");  // it was in memory
  EXPECT_EQ(w.get(Space::evidence, "b"), "2");
}

TEST(SqliteStore, FreePagesGoBackToTheDisk) {
  StoreWorld w;
  const std::string value(4000, 'v');
  for (int i = 0; i < 4000; ++i) w.put(Space::evidence, std::to_string(i), value, 10s);
  EXPECT_TRUE(w.wait());
  w.clock.advance(11s);
  EXPECT_TRUE(eventually([&] { return w.store->health().entries == 0; }));
  w.store.reset();
  const auto before = fs::file_size(w.options.path);
  w.open();
  EXPECT_TRUE(eventually([&] {
    w.open();
    std::this_thread::sleep_for(50ms);
    w.store.reset();
    return fs::file_size(w.options.path) < 2'000'000;
  })) << before
      << " " << fs::file_size(w.options.path);
}

}  // namespace
}  // namespace postern::store
