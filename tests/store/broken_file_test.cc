#include <filesystem>
#include <fstream>
#include <random>

#include "policy/store/sqlite.h"
#include "tests/store/store_world.h"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A file of 3,000 entries, and what may happen to it.
class BrokenFile : public ::testing::Test {
 protected:
  static constexpr int kEntries = 3000;
  static constexpr std::size_t kHeader = 100;  // SQLite's

  void SetUp() override {
    for (int i = 0; i < kEntries; ++i) w.put(Space::evidence, key(i), value(i), 240h);
    ASSERT_TRUE(w.wait());
    w.store.reset();
    whole = read(w.options.path);
    ASSERT_GT(whole.size(), 500'000u);
  }
  static std::string key(int i) { return "key" + std::to_string(i); }
  static std::string value(int i) { return std::string(200, static_cast<char>('a' + i % 26)); }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& content) {
    std::ofstream(w.options.path, std::ios::binary | std::ios::trunc) << content;
  }
  std::size_t aside() const {
    std::size_t count = 0;
    for (const auto& at : fs::directory_iterator(w.folder.path())) {
      const std::string name = at.path().filename().string();
      count += name.find(".corrupt-") != std::string::npos && !name.ends_with("-wal") && !name.ends_with("-shm");
    }
    return count;
  }
  /// Opens, uses and closes the store on such a file: no crash, no lie, and it serves.
  void serves(const std::string& content) {
    for (const char* suffix : {"-wal", "-shm"}) fs::remove(w.options.path + suffix);
    write(content);
    const auto began = std::chrono::steady_clock::now();
    w.open();
    const auto took = std::chrono::steady_clock::now() - began;
    slowest = std::max(slowest, std::chrono::duration_cast<std::chrono::milliseconds>(took));
    ASSERT_NE(w.store, nullptr);
    for (int i = 0; i < kEntries; i += 10) {
      const std::string found = w.get(Space::evidence, key(i));
      ASSERT_TRUE(found == "-" || found == value(i));
    }
    for (const auto& listed : w.store->list(Space::evidence, "key", kEntries))
      ASSERT_EQ(listed.entry.value.size(), 200u);
    w.put(Space::misses, "new", "1");
    // What is broken beside the way may be met only now; then it is begun anew, with what is in memory.
    ASSERT_TRUE(eventually([&] { return w.wait(w.store->last(), 5s); })) << w.store->health().problem;
    ASSERT_EQ(w.get(Space::misses, "new"), "1");
    w.store.reset();
  }

  StoreWorld w;
  std::string whole;
  std::chrono::milliseconds slowest{0};
};

TEST_F(BrokenFile, FlippedBytesCostNoStart) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 dice(seed);
    std::string content = whole;
    const std::size_t flips = seed % 3 == 0 ? 1000 : seed % 3 == 1 ? 10 : 1;
    for (std::size_t i = 0; i < flips; ++i) content[dice() % content.size()] ^= static_cast<char>(1 + dice() % 255);
    if (seed % 4 == 0) content[dice() % kHeader] ^= static_cast<char>(1 + dice() % 255);
    serves(content);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
  RecordProperty("slowest_start_ms", static_cast<int>(slowest.count()));
  EXPECT_LT(slowest, 10s);  // FAULTS T66 wants 2 s; this machine may be busy
  EXPECT_GT(w.counted("store.replaced"), 0);
  EXPECT_LE(aside(), 3u);
}

TEST_F(BrokenFile, ATruncatedFileCostsNoStart) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 dice(seed);
    const std::size_t length =
        seed < 5 ? std::array<std::size_t, 5>{0, 1, 99, 4096, 5000}[seed] : dice() % whole.size();
    serves(whole.substr(0, length));
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_LT(slowest, 10s);
}

TEST_F(BrokenFile, RandomBytesCostNoStart) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 dice(seed);
    std::string content = seed % 3 == 0 ? "" : whole.substr(0, seed % 3 == 1 ? 16 : kHeader);
    const std::size_t length = content.size() + dice() % 50'000;
    while (content.size() < length) content += static_cast<char>(dice());
    serves(content);
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
}

TEST_F(BrokenFile, ABrokenLogCostsNoStart) {
  w.open();
  for (int i = 0; i < 300; ++i) w.put(Space::evidence, "log" + std::to_string(i), "x", 240h);
  ASSERT_TRUE(w.wait());
  const std::string log = read(w.options.path + "-wal");
  const std::string file = read(w.options.path);
  ASSERT_FALSE(log.empty());
  w.store.reset();
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 dice(seed);
    std::string content = log;
    for (int i = 0; i < 20; ++i) content[dice() % content.size()] ^= static_cast<char>(1 + dice() % 255);
    write(file);
    fs::remove(w.options.path + "-shm");
    std::ofstream(w.options.path + "-wal", std::ios::binary | std::ios::trunc) << content;
    w.open();
    const std::string found = w.get(Space::evidence, key(10));
    EXPECT_TRUE(found == "-" || found == value(10)) << seed;
    EXPECT_TRUE(eventually([&] { return w.wait(w.put(Space::misses, "new", "1"), 5s); })) << seed;
    w.store.reset();
  }
}

TEST_F(BrokenFile, RotDeepInTheFileIsNoticedWhileItServes) {
  std::string content = whole;
  const std::size_t at = content.find(std::string(100, 'q'), content.size() / 2);
  ASSERT_NE(at, std::string::npos);
  content[at + 50] = 'Q';  // SQLite itself sees nothing wrong in it
  write(content);
  w.open();
  EXPECT_TRUE(eventually([&] { return w.counted("store.replaced") == 1; }));
  EXPECT_EQ(w.store->health().problem, "");
  EXPECT_NE(w.store->health().notice.find("what is in it is not what was written"), std::string::npos)
      << w.store->health().notice;
  ASSERT_EQ(w.store->take_notices().size(), 1u);
  EXPECT_TRUE(w.store->take_notices().empty());
  EXPECT_EQ(aside(), 1u);
  EXPECT_TRUE(w.wait(w.put(Space::evidence, "a", "1")));
}

TEST_F(BrokenFile, WithoutTheMarkOfARowItsRotIsServed) {
  std::string content = whole;
  const std::size_t at = content.find(std::string(100, 'q'), content.size() / 2);
  ASSERT_NE(at, std::string::npos);
  content[at + 50] = 'Q';
  write(content);
  sqlite::Connection connection;
  ASSERT_EQ(connection.open(w.options.path, sqlite::Mode::write), sqlite::Status::ok);
  sqlite::Statement statement;
  ASSERT_EQ(connection.prepare("PRAGMA integrity_check", statement), sqlite::Status::ok);
  ASSERT_EQ(statement.step(), sqlite::Status::ok);
  EXPECT_EQ(statement.bytes(0), "ok");
  std::int64_t rotten = 0;
  ASSERT_EQ(connection.ask("SELECT count(*) FROM entry WHERE instr(value, CAST('qQq' AS BLOB))", rotten),
            sqlite::Status::ok);
  EXPECT_EQ(rotten, 1);
}

TEST_F(BrokenFile, WhatIsInMemoryGoesIntoTheNextFile) {
  w.open();
  EXPECT_EQ(w.get(Space::evidence, key(1)), value(1));
  std::string content = whole;
  content.replace(4096, content.size() - 4096, content.size() - 4096, '\xee');
  std::fstream(w.options.path, std::ios::binary | std::ios::in | std::ios::out) << content;
  EXPECT_TRUE(eventually([&] {
    for (int i = 0; i < kEntries; ++i) w.get(Space::evidence, key(i));
    return w.counted("store.replaced") > 0;
  }));
  EXPECT_TRUE(eventually([&] { return w.wait(); }));
  w.open();
  EXPECT_EQ(w.get(Space::evidence, key(1)), value(1));
}

TEST_F(BrokenFile, AFileOfALaterVersionOrAnotherProgramIsMovedAside) {
  constexpr std::size_t kUserVersion = 60, kApplicationId = 68;  // the SQLite file format, 1.3
  for (const std::size_t at : {kUserVersion, kApplicationId}) {
    std::string content = whole;
    content[at + 3] = static_cast<char>(content[at + 3] + 1);
    write(content);
    w.open();
    EXPECT_NE(w.store->health().notice, "") << at;
    EXPECT_EQ(w.store->take_notices().size(), 1u);
    EXPECT_EQ(w.get(Space::evidence, key(1)), "-");
    EXPECT_TRUE(w.wait(w.put(Space::evidence, "a", "1")));
    w.store.reset();
  }
  EXPECT_EQ(aside(), 2u);
}

TEST_F(BrokenFile, FewAreKeptAside) {
  for (int i = 0; i < 6; ++i) {
    write("no data base, though long enough to be looked at as one: " + std::string(1000, 'x'));
    w.open();
    w.store.reset();
  }
  EXPECT_EQ(aside(), 3u);
  EXPECT_EQ(w.counted("store.replaced"), 6);
}

}  // namespace
}  // namespace postern::store
