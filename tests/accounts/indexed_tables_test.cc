#include <cdb.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <lmdb.h>
#include <unistd.h>

#include <random>

#include "policy/accounts/tables/cdb_table.h"
#include "policy/accounts/tables/lmdb_table.h"
#include "tests/accounts/conformance.h"
#include "tests/accounts/table_files.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

using conformance::soon;
using Entries = std::vector<std::pair<std::string, std::string>>;
using Parse = ReloadedFile<TableContent>::Parse;

constexpr std::string_view kNul("\0", 1);

Entries the_table(std::string_view end_of_key, std::string_view end_of_value) {
  Entries entries;
  for (const auto& [key, value] : conformance::kTable) {
    entries.emplace_back(std::string(key).append(end_of_key), std::string(value).append(end_of_value));
  }
  return entries;
}

void write_cdb(const std::string& path, const Entries& entries) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  cdb_make made;
  cdb_make_start(&made, fd);
  for (const auto& [key, value] : entries)
    cdb_make_add(&made, key.data(), static_cast<unsigned>(key.size()), value.data(),
                 static_cast<unsigned>(value.size()));
  cdb_make_finish(&made);
  ::close(fd);
}

void write_lmdb(const std::string& path, const Entries& entries) {
  std::filesystem::remove(path);
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  ASSERT_EQ(mdb_env_create(&env), 0);
  mdb_env_set_mapsize(env, 64U << 20);
  ASSERT_EQ(mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &dbi), 0);
  for (const auto& [key, value] : entries) {
    MDB_val k{key.size(), const_cast<char*>(key.data())}, v{value.size(), const_cast<char*>(value.data())};
    ASSERT_EQ(mdb_put(txn, dbi, &k, &v, 0), 0);
  }
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

void settle(const std::string& path) { write_file(path, read_file(path)); }

struct World {
  World(Parse parse, void (*writer)(const std::string&, const Entries&), const Entries& entries)
      : write(writer), table(path, kMostIndexedBytes, FileTable::Follow::lookups, std::move(parse)) {
    put(entries);
    table.load({}, problems);
  }
  void put(const Entries& entries) {
    write(path + ".new", entries);
    settle(path + ".new");
    std::filesystem::rename(path + ".new", path);
  }
  std::string ask(const std::string& key) {
    const Reply reply = table.find({Lookup::value, key}, soon());
    if (reply.status == Reply::Status::found) return reply.rows.at(0).fields.at(0).second;
    return reply.status == Reply::Status::absent ? "absent" : "failed";
  }
  conformance::World as_all_others() {
    conformance::World world;
    world.survives = true;
    world.kill = [this] { write_file(path, "garbage"); };
    world.revive = [this] { put(the_table("", "")); };
    return world;
  }

  test::TempFolder folder;
  std::string path = folder / "table";
  void (*write)(const std::string&, const Entries&);
  Problems problems;
  FileTable table;
};

TEST(CdbTable, IsABackEndAsAllOthers) {
  World w(read_cdb_table, write_cdb, the_table("", ""));
  conformance::check_table(w.table, w.as_all_others());
}

TEST(LmdbTable, IsABackEndAsAllOthers) {
  World w(read_lmdb_table, write_lmdb, the_table(kNul, kNul));  // as Postfix 3.7 writes them
  conformance::check_table(w.table, w.as_all_others());
}

TEST(IndexedTables, TakeKeysWithAndWithoutANul) {
  for (const std::string_view key_end : {std::string_view(), kNul}) {
    for (const std::string_view value_end : {std::string_view(), kNul}) {
      EXPECT_EQ(World(read_cdb_table, write_cdb, the_table(key_end, value_end)).ask("Eva@acme.example"), "eva");
      EXPECT_EQ(World(read_lmdb_table, write_lmdb, the_table(key_end, value_end)).ask("Eva@acme.example"), "eva");
    }
  }
}

TEST(IndexedTables, FollowAReplacedFileWithoutReload) {
  World cdb(read_cdb_table, write_cdb, {{"a", "1"}});
  World lmdb(read_lmdb_table, write_lmdb, {{"a", "1"}});
  for (World* w : {&cdb, &lmdb}) {
    EXPECT_EQ(w->ask("a"), "1");
    w->put({{"a", "2"}});
    EXPECT_EQ(w->ask("a"), "2");
    std::filesystem::remove(w->path);
    EXPECT_EQ(w->ask("a"), "2");
    EXPECT_EQ(w->table.refresh().size(), 1U);  // what a lookup met is told here
    w->put({{"a", "3"}});
    EXPECT_EQ(w->ask("a"), "3");
  }
}

TEST(IndexedTables, HoldManyAndLongValues) {
  Entries entries;
  for (int i = 0; i < 20'000; ++i) entries.emplace_back(fmt::format("key{}", i), fmt::format("value{}", i));
  for (const std::size_t size : {2000U, 4080U, 4081U, 8176U, 50'000U})
    entries.emplace_back(fmt::format("long{}", size), std::string(size, 'x'));
  World cdb(read_cdb_table, write_cdb, entries);
  World lmdb(read_lmdb_table, write_lmdb, entries);
  for (World* w : {&cdb, &lmdb}) {
    for (const auto& [key, value] : entries) ASSERT_EQ(w->ask(key), value);
    EXPECT_EQ(w->ask("key20000"), "absent");
  }
}

TEST(IndexedTables, MayBeEmpty) {
  EXPECT_EQ(World(read_cdb_table, write_cdb, {}).ask("a"), "absent");
  EXPECT_EQ(World(read_lmdb_table, write_lmdb, {}).ask("a"), "absent");
}

TEST(LmdbTable, ReadsTheLastCommit) {
  World w(read_lmdb_table, write_lmdb, {{"a", "1"}});
  for (int i = 0; i < 3; ++i) {
    MDB_env* env = nullptr;
    MDB_txn* txn = nullptr;
    MDB_dbi dbi = 0;
    ASSERT_EQ(mdb_env_create(&env), 0);
    ASSERT_EQ(mdb_env_open(env, w.path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
    ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
    ASSERT_EQ(mdb_dbi_open(txn, nullptr, 0, &dbi), 0);
    std::string text = std::to_string(i);
    MDB_val k{1, const_cast<char*>("a")}, v{1, text.data()};
    ASSERT_EQ(mdb_put(txn, dbi, &k, &v, 0), 0);
    ASSERT_EQ(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    settle(w.path);
    EXPECT_EQ(w.ask("a"), text);
  }
}

TEST(LmdbTable, IsNotReadWhileAWriterHoldsItsLock) {
  World w(read_lmdb_table, write_lmdb, {{"a", "1"}});
  w.put({{"a", "2"}});
  const int fd = ::open(w.path.c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(fd, F_OFD_SETLK, &lock), 0);
  EXPECT_EQ(w.ask("a"), "1");
  ::close(fd);
  EXPECT_EQ(w.ask("a"), "2");
}

// Why neither library reads for us: each is asked for a key in a file that somebody has truncated, as cp(1) does to the
// file that it copies over. We hold a copy.
void ask_libcdb_of_a_truncated_file(const std::string& path) {
  cdb opened;
  (void)cdb_init(&opened, ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::resize_file(path, 0);
  (void)cdb_find(&opened, "eva@acme.example", 16);
}

void ask_liblmdb_of_a_truncated_file(const std::string& path) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  (void)mdb_env_create(&env);
  (void)mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_NOLOCK | MDB_RDONLY, 0);
  std::filesystem::resize_file(path, 0);
  (void)mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn);
  (void)mdb_dbi_open(txn, nullptr, 0, &dbi);
}

TEST(IndexedTables, SurviveTheirFileBeingTruncated) {
  World cdb(read_cdb_table, write_cdb, the_table("", ""));
  World lmdb(read_lmdb_table, write_lmdb, the_table(kNul, kNul));
  EXPECT_DEATH(ask_libcdb_of_a_truncated_file(cdb.path), "");
  EXPECT_DEATH(ask_liblmdb_of_a_truncated_file(lmdb.path), "");
  for (World* w : {&cdb, &lmdb}) {
    EXPECT_EQ(std::filesystem::file_size(w->path), 0U);
    EXPECT_EQ(w->ask("eva@acme.example"), "eva");
  }
}

// Every byte, and every pair of random ones, of a good file gets other values: an answer of any kind is right, and so
// is an error; a crash or a wild read (which AddressSanitizer sees, since the file is in our memory) is not.
void survives_every_corruption(const Parse& parse, const std::string& good) {
  std::mt19937 random(7);
  std::size_t errors = 0;
  const auto try_one = [&](const std::string& bad) {
    Problems problems;
    const auto table = parse("table", bad, problems);
    if (table == nullptr) {
      ++errors;
      return;
    }
    for (const auto& [key, value] : conformance::kTable) (void)table->find(key);
    (void)table->find("nobody");
  };
  for (std::size_t i = 0; i < good.size(); i += 1 + good.size() / 20'000) {
    if (good[i] == '\0' && i % 7 != 0) continue;
    for (const int value : {0x00, 0x01, 0x7f, 0xff}) {
      std::string bad = good;
      bad[i] = static_cast<char>(value);
      try_one(bad);
    }
  }
  for (int round = 0; round < 2000; ++round) {
    std::string bad = good;
    for (int n = 0; n < 8; ++n) bad[random() % bad.size()] = static_cast<char>(random());
    try_one(bad);
  }
  for (std::size_t size = 0; size < good.size(); size += 97) try_one(good.substr(0, size));
  EXPECT_GT(errors, 0U);
}

TEST(CdbTable, SurvivesEveryCorruption) {
  World w(read_cdb_table, write_cdb, the_table("", ""));
  survives_every_corruption(read_cdb_table, read_file(w.path));
}

TEST(LmdbTable, SurvivesEveryCorruption) {
  Entries entries = the_table(kNul, kNul);
  for (int i = 0; i < 200; ++i) entries.emplace_back(fmt::format("key{}", i), std::string(40, 'x'));
  entries.emplace_back("long", std::string(9000, 'x'));
  World w(read_lmdb_table, write_lmdb, entries);
  survives_every_corruption(read_lmdb_table, read_file(w.path));
}

TEST(CdbTable, SaysWhenALookupMeetsABrokenPlace) {
  World w(read_cdb_table, write_cdb, the_table("", ""));
  std::string bytes = read_file(w.path);
  for (std::size_t i = 2048; i < 2056; ++i) bytes[i] = '\xff';  // the lengths of the first record: eva's
  Problems problems;
  const auto table = read_cdb_table("table", bytes, problems);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->find("eva@acme.example").status, Reply::Status::failed);
  EXPECT_EQ(table->find("tom@acme.example").status, Reply::Status::found);
}

}  // namespace
}  // namespace postern::accounts
