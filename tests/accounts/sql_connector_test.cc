#include "policy/accounts/sql/sql_connector.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "policy/accounts/guard/guarded_source.h"
#include "policy/accounts/rows_directory.h"
#include "tests/accounts/conformance.h"
#include "tests/support/real_server.h"

namespace postern::accounts {
namespace {

using namespace std::chrono_literals;
using test::MariadbServer;
using test::PostgresServer;
using test::TempFolder;

// The world of the conformance tests, in the SQL that all three understand.
constexpr std::string_view kTables =
    "create table account (login varchar(190) primary key, active varchar(10), address varchar(500), tier varchar(20));"
    "insert into account values ('eva', 'yes', 'eva@acme.example sales@acme.example', 'gold');"
    "insert into account values ('tom', 'no', 'tom@acme.example', null);"
    "create table alias (address varchar(190), owner varchar(190), delegate varchar(190), target varchar(190));"
    "insert into alias values ('eva@acme.example', 'eva', null, null);"
    "insert into alias values ('sales@acme.example', 'eva', null, null);"
    "insert into alias values ('tom@acme.example', 'tom', null, null);"
    "insert into alias values ('info@acme.example', null, null, 'eva@acme.example');"
    "insert into alias values ('info@acme.example', null, null, 'tom@acme.example');"
    "insert into alias values ('support@acme.example', 'eva', 'tom', null);";

constexpr std::string_view kLogin = "select login, active, address, tier from account where login = :login";
constexpr std::string_view kAddress = "select owner, delegate, target from alias where address = :address";

SqlSettings settings(const std::string& dsn, std::string_view login = kLogin, std::string_view address = kAddress) {
  SqlSettings out;
  const auto parsed = parse_dsn(dsn);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  out.dsn = *parsed;
  Problems problems;
  const auto add = [&](Lookup lookup, std::string_view text) {
    if (text.empty()) return;
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = text;
    add_query(out, lookup, node, problems);
  };
  add(Lookup::login, login);
  add(Lookup::address, address);
  for (const Problem& problem : problems.all()) ADD_FAILURE() << problem.line();
  return out;
}

// A guard that remembers nothing: each question is asked.
GuardOptions forgetful() {
  GuardOptions options;
  options.found_age = options.absent_age = options.stale_age = options.failure_age = 0s;
  options.breaker.errors = 0;
  return options;
}

class World {
 public:
  explicit World(SqlSettings of, const GuardOptions& options = forgetful())
      : source(make_sql_connector(std::move(of)), options, clock, counters) {}
  std::string login(const std::string& key) { return told(source.find({Lookup::login, key}, conformance::soon())); }
  std::string address(const std::string& key) { return told(source.find({Lookup::address, key}, conformance::soon())); }

  static std::string told(const Reply& reply) {
    if (reply.status == Reply::Status::absent) return "absent";
    if (reply.status == Reply::Status::failed) return "failed: " + reply.problem;
    std::string out = reply.stale ? "stale " : "";
    for (const Row& row : reply.rows) {
      for (const auto& [name, value] : row.fields) out += fmt::format("{}={} ", name, value.substr(0, 40));
      out += "| ";
    }
    return out;
  }

  SystemClock clock;
  Counters counters;
  GuardedSource source;
};

constexpr std::string_view kEva = "login=eva active=yes address=eva@acme.example sales@acme.example tier=gold | ";

// Whoever pastes a key into his query answers this with everybody.
constexpr std::string_view kInjection = "' OR 1=1 --";

// As a source, and as the directory made of it.
void conforms(SqlSettings of, const conformance::World& w) {
  SystemClock clock;
  Counters counters;
  const auto source = std::make_shared<GuardedSource>(make_sql_connector(std::move(of)), forgetful(), clock, counters);
  conformance::check_source(*source, w);
  RowsDirectory directory("d", source, {{"tier", "tier", FactField::Type::text}}, clock, counters);
  conformance::check_directory(directory, w);
}

// Nobody connects again at once where connecting failed.
void await_next_try() { std::this_thread::sleep_for(1100ms); }

// After the server has died: unsure within its time, and well again within 10 s of its return.
void recovers(World& w, const std::function<void()>& revive) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(w.login(fmt::format("u{}", i)).starts_with("failed: "));
  EXPECT_TRUE(w.source.health().open);
  EXPECT_TRUE(w.login("eva").starts_with("stale ")) << w.login("eva");
  revive();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; w.login(fmt::format("v{}", i)) != "absent"; ++i) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, 10s);
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_FALSE(w.source.health().open);
}

GuardOptions quickly_stale() {
  GuardOptions options;
  options.found_age = 0s;
  options.timeout = 700ms;
  return options;
}

// ---- SQLite ----------------------------------------------------------------------------------------------------------

class SqliteFile {
 public:
  SqliteFile() { execute(std::string(kTables)); }
  void execute(const std::string& sql) const { test::sqlite(path(), sql); }
  std::string path() const { return folder_ / "accounts.db"; }
  std::string dsn() const { return "sqlite:" + path(); }
  static bool missing() { return test::program("sqlite3").empty(); }

 private:
  TempFolder folder_;
};

#define NEEDS(what) \
  if (const std::string none = what; !none.empty()) GTEST_SKIP() << none << " is not installed"

std::string no_sqlite() { return SqliteFile::missing() ? "sqlite3" : ""; }

TEST(Sqlite, Conforms) {
  NEEDS(no_sqlite());
  SqliteFile file;
  World w(settings(file.dsn()));
  EXPECT_EQ(w.login("eva"), kEva);
  EXPECT_EQ(w.login("tom"), "login=tom active=no address=tom@acme.example | ");
  EXPECT_EQ(w.address("info@acme.example"), "target=eva@acme.example | target=tom@acme.example | ");
  conformance::World world;
  world.kill = [&] { std::filesystem::rename(file.path(), file.path() + ".gone"); };
  world.revive = [&] { std::filesystem::rename(file.path() + ".gone", file.path()), await_next_try(); };
  conforms(settings(file.dsn()), world);
  file.execute("update account set active = null where login = 'tom'");
  EXPECT_EQ(w.login("tom"), "login=tom active= address=tom@acme.example | ");  // no yes
}

TEST(Sqlite, NoticesThatItsFileIsAnotherOne) {
  NEEDS(no_sqlite());
  SqliteFile file;
  World w(settings(file.dsn()));
  EXPECT_EQ(w.login("eva"), kEva);
  std::filesystem::copy_file(file.path(), file.path() + ".new");
  std::filesystem::rename(file.path() + ".new", file.path());
  file.execute("delete from account where login = 'eva'");
  EXPECT_EQ(w.login("eva"), "absent");
}

TEST(Sqlite, IsNeverMadeAndNeverWritten) {
  NEEDS(no_sqlite());
  TempFolder folder;
  World w(settings("sqlite:" + (folder / "none.db")));
  EXPECT_NE(w.login("eva").find("there is no such file"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "none.db"));
  SqliteFile file;
  World writes(settings(file.dsn(), "update account set active = 'yes' where login = :login returning login"));
  EXPECT_NE(writes.login("tom").find("a query that changes something"), std::string::npos) << writes.login("tom");
}

TEST(Sqlite, EndsAQueryThatTakesTooLong) {
  NEEDS(no_sqlite());
  SqliteFile file;
  World w(
      settings(
          file.dsn(),
          "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n where :login <> ''"),
      quickly_stale());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(w.login("eva").starts_with("failed: "));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
}

TEST(Sqlite, WaitsNoLongerForALockThanItMay) {
  NEEDS(no_sqlite());
  SqliteFile file;
  World w(settings(file.dsn()), quickly_stale());
  std::thread writer([&] { file.execute("begin exclusive;\n.shell sleep 2\ncommit;"); });
  std::this_thread::sleep_for(500ms);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(w.login("eva").starts_with("failed: ")) << w.login("eva");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1500ms);
  writer.join();
}

// ---- PostgreSQL ------------------------------------------------------------------------------------------------------

class Postgresql : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!PostgresServer::missing().empty()) return;
    server_ = std::make_unique<PostgresServer>();
    server_->execute(std::string(kTables) + "create role postern login password 'sesame';" +
                     "grant select on account, alias to postern;" +
                     "create table number (id integer); insert into number values (7);");
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    NEEDS(PostgresServer::missing());
    write_secret("sesame\n", 0640);
  }
  void write_secret(std::string_view text, mode_t mode) {
    std::ofstream(secret()) << text;
    chmod(secret().c_str(), mode);
  }
  std::string secret() const { return folder_ / "secret"; }
  SqlSettings with_password(const std::string& dsn) const {
    SqlSettings out = settings(dsn);
    out.password_file = secret();
    return out;
  }

  TempFolder folder_;
  static std::unique_ptr<PostgresServer> server_;
};
std::unique_ptr<PostgresServer> Postgresql::server_;

TEST_F(Postgresql, Conforms) {
  World w(with_password(server_->dsn("postern")));
  EXPECT_EQ(w.login("eva"), kEva);
  EXPECT_EQ(w.address("info@acme.example"), "target=eva@acme.example | target=tom@acme.example | ");
  conformance::World world;
  world.kill = [] { server_->stop(); };
  world.revive = [] { server_->start(), await_next_try(); };
  conforms(with_password(server_->dsn("postern")), world);
}

TEST_F(Postgresql, IsReachedOverTcpToo) {
  World w(with_password(server_->tcp_dsn("postern")));
  EXPECT_EQ(w.login("eva"), kEva);
}

TEST_F(Postgresql, TellsAWrongPasswordAndNotWhich) {
  write_secret("open-barley", 0600);
  World w(with_password(server_->dsn("postern")));
  const std::string said = w.login("eva");
  EXPECT_NE(said.find("password authentication failed"), std::string::npos) << said;
  EXPECT_EQ(said.find("barley"), std::string::npos);
  write_secret("sesame", 0600);  // read anew for each connection
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(w.login("eva"), kEva);
}

TEST_F(Postgresql, ReadsNoPasswordThatEverybodyMayRead) {
  write_secret("sesame", 0644);
  World w(with_password(server_->dsn("postern")));
  EXPECT_NE(w.login("eva").find("everybody may read"), std::string::npos);
}

TEST_F(Postgresql, IsUnsureWhereTheTablesAreOthers) {
  World w(settings(server_->dsn("postgres"), "select nothing from account where login = :login"));
  EXPECT_NE(w.login("eva").find("column \"nothing\" does not exist"), std::string::npos) << w.login("eva");
}

TEST_F(Postgresql, KeepsItsConnectionWhenAKeyIsNoNumber) {
  GuardOptions options = forgetful();
  options.breaker.errors = 2;
  World w(settings(server_->dsn("postgres"), "select id from number where id = :login", ""), options);
  EXPECT_EQ(w.login("7"), "id=7 | ");
  for (int i = 0; i < 5; ++i) EXPECT_NE(w.login(fmt::format("x{}", i)).find("invalid input syntax"), std::string::npos);
  EXPECT_FALSE(w.source.health().open);
  EXPECT_EQ(w.login("7"), "id=7 | ");
}

TEST_F(Postgresql, EndsAQueryThatTakesTooLong) {
  World w(settings(server_->dsn("postgres"), "select pg_sleep(20) where :login <> ''", ""), quickly_stale());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(w.login("eva").starts_with("failed: "));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
}

TEST_F(Postgresql, ReadsNoMoreRowsThanItMay) {
  World w(settings(server_->dsn("postgres"), "select i from generate_series(1, 100000) i where :login <> ''", ""));
  EXPECT_EQ(w.source.find({Lookup::login, "eva"}, conformance::soon()).rows.size(), kMostRows);
  EXPECT_EQ(w.login("eva").substr(0, 6), "i=1 | ");
}

TEST_F(Postgresql, BindsWhatWouldBeObeyedIfItWerePasted) {  // FAULTS T63
  const std::string pasted = fmt::format("select login from account where :login <> '' and login = '{}'", kInjection);
  World naive(settings(server_->dsn("postgres"), pasted, ""));
  EXPECT_EQ(naive.login(std::string(kInjection)), "login=eva | login=tom | ");
  World bound(settings(server_->dsn("postgres"), "select login from account where login = :login", ""));
  EXPECT_EQ(bound.login(std::string(kInjection)), "absent");
}

TEST_F(Postgresql, RecoversFromARestart) {
  World w(with_password(server_->dsn("postern")), quickly_stale());
  EXPECT_EQ(w.login("eva"), kEva);
  server_->kill();
  recovers(w, [] { server_->start(); });
}

TEST_F(Postgresql, RecoversFromAServerThatStandsStill) {
  World w(with_password(server_->dsn("postern")), quickly_stale());
  EXPECT_EQ(w.login("eva"), kEva);
  server_->freeze();
  recovers(w, [] { server_->thaw(); });
}

TEST_F(Postgresql, DoesNotNoticeARestartWhenNobodyAsked) {
  World w(with_password(server_->dsn("postern")));
  EXPECT_EQ(w.login("eva"), kEva);
  server_->restart();
  EXPECT_EQ(w.login("eva"), kEva);  // the dead connection is replaced within the question
}

// ---- MariaDB ---------------------------------------------------------------------------------------------------------

class Mariadb : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!MariadbServer::missing().empty()) return;
    std::string setup = "create database if not exists mail character set utf8mb4 collate utf8mb4_bin;\nuse mail;\n";
    setup += "drop table if exists account;\ndrop table if exists alias;\n";
    for (std::string_view rest = kTables; !rest.empty();) {  // a statement a line
      const std::size_t end = rest.find(';');
      setup += std::string(rest.substr(0, end)) + ";\n";
      rest.remove_prefix(end + 1);
    }
    setup +=
        "create user if not exists postern@localhost identified by 'sesame';\ngrant select on mail.* to "
        "postern@localhost;\n";
    server_ = std::make_unique<MariadbServer>(setup);
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    NEEDS(MariadbServer::missing());
    secret_ = folder_ / "secret";
    std::ofstream(secret_) << "sesame\n";
    chmod(secret_.c_str(), 0600);
  }
  SqlSettings with_password(std::string_view login = kLogin, std::string_view address = kAddress) const {
    SqlSettings out = settings(server_->dsn("postern"), login, address);
    out.password_file = secret_;
    return out;
  }

  TempFolder folder_;
  std::string secret_;
  static std::unique_ptr<MariadbServer> server_;
};
std::unique_ptr<MariadbServer> Mariadb::server_;

TEST_F(Mariadb, Conforms) {
  World w(with_password());
  EXPECT_EQ(w.login("eva"), kEva);
  EXPECT_EQ(w.login("tom"), "login=tom active=no address=tom@acme.example | ");
  EXPECT_EQ(w.address("info@acme.example"), "target=eva@acme.example | target=tom@acme.example | ");
  conformance::World world;
  world.kill = [] { server_->stop(); };
  world.revive = [] { server_->start(), await_next_try(); };
  conforms(with_password(), world);
}

TEST_F(Mariadb, TellsAWrongPasswordAndNotWhich) {
  std::ofstream(secret_) << "open-barley";
  World w(with_password());
  const std::string said = w.login("eva");
  EXPECT_NE(said.find("Access denied"), std::string::npos) << said;
  EXPECT_EQ(said.find("barley"), std::string::npos);
}

TEST_F(Mariadb, IsUnsureWhereTheTablesAreOthers) {
  World w(with_password("select nothing from account where login = :login"));
  EXPECT_NE(w.login("eva").find("Unknown column 'nothing'"), std::string::npos) << w.login("eva");
}

TEST_F(Mariadb, EndsAQueryThatTakesTooLong) {
  GuardOptions options = quickly_stale();
  World w(with_password("select sleep(20) from account where login = :login"), options);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(w.login("eva").starts_with("failed: ")) << w.login("eva");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
}

TEST_F(Mariadb, ReadsLongValuesAndNoMoreRowsThanItMay) {
  World w(with_password("select repeat('x', 70000) as long_one, seq from seq_1_to_100 where :login <> ''"));
  const Reply reply = w.source.find({Lookup::login, "eva"}, conformance::soon());
  ASSERT_EQ(reply.status, Reply::Status::found) << reply.problem;
  EXPECT_EQ(reply.rows.at(0).fields.at(0).second.size(), 70'000u);
  EXPECT_LT(reply.rows.size(), 20u);
  EXPECT_GT(w.counters.get("accounts.rows_cut").value(), 0);
}

TEST_F(Mariadb, BindsWhatWouldBeObeyedIfItWerePasted) {  // FAULTS T63
  const std::string pasted = fmt::format("select login from account where :login <> '' and login = '{} '", kInjection);
  World naive(with_password(pasted, ""));
  EXPECT_EQ(naive.login(std::string(kInjection)), "login=eva | login=tom | ");
  World bound(with_password("select login from account where login = :login", ""));
  EXPECT_EQ(bound.login(std::string(kInjection)), "absent");
}

TEST_F(Mariadb, RecoversFromARestart) {
  World w(with_password(), quickly_stale());
  EXPECT_EQ(w.login("eva"), kEva);
  server_->kill();
  recovers(w, [] { server_->start(); });
}

TEST_F(Mariadb, RecoversFromAServerThatStandsStill) {
  World w(with_password(), quickly_stale());
  EXPECT_EQ(w.login("eva"), kEva);
  server_->freeze();
  recovers(w, [] { server_->thaw(); });
}

TEST_F(Mariadb, DoesNotNoticeARestartWhenNobodyAsked) {
  World w(with_password());
  EXPECT_EQ(w.login("eva"), kEva);
  server_->restart();
  EXPECT_EQ(w.login("eva"), kEva);
}

}  // namespace
}  // namespace postern::accounts
