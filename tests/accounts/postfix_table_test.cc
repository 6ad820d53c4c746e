#include "policy/accounts/tables/postfix_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "policy/accounts/guard/guarded_source.h"
#include "tests/accounts/conformance.h"
#include "tests/support/real_server.h"

namespace postern::accounts {
namespace {

using namespace std::chrono_literals;
using test::TempFolder;

GuardOptions forgetful() {
  GuardOptions options;
  options.found_age = options.absent_age = options.stale_age = options.failure_age = 0s;
  options.breaker.errors = 0;
  return options;
}

class World {
 public:
  // The problems of a table, one a line.
  std::string wrong(std::string_view type, std::string_view cf) {
    Problems problems;
    const bool made = read(type, cf, problems) != nullptr;
    EXPECT_EQ(made, problems.usable());
    std::string out;
    for (const Problem& problem : problems.sorted())
      out += fmt::format("{}: {}\n", problem.where.line, problem.message);
    return out;
  }
  std::unique_ptr<GuardedSource> source(std::string_view type, std::string_view cf) {
    Problems problems;
    auto connector = read(type, cf, problems);
    if (!connector) throw std::runtime_error(problems.all().at(0).line());
    return std::make_unique<GuardedSource>(std::move(connector), forgetful(), clock_, counters_);
  }
  static std::string ask(Source& source, const std::string& key) {
    const Reply reply = source.find({Lookup::value, key}, conformance::soon());
    if (reply.status == Reply::Status::absent) return "absent";
    return reply.status == Reply::Status::failed ? "failed: " + reply.problem : reply.rows.at(0).fields.at(0).second;
  }
  void run(const std::string& sql) { test::sqlite(database(), sql); }
  std::string database() const { return folder_ / "db"; }

 private:
  std::shared_ptr<const Connector> read(std::string_view type, std::string_view cf, Problems& problems) {
    std::ofstream(folder_ / "t.cf") << cf;
    return read_postfix_table(type, folder_ / "t.cf", problems);
  }
  TempFolder folder_;
  SystemClock clock_;
  Counters counters_;
};

TEST(PostfixTable, TellsWhatItDoesNotUnderstandAndNoPassword) {
  World w;
  EXPECT_EQ(w.wrong("pgsql", "password = open-barley\ndbname = mail\nquery = select 1 where a = '%s'\n"), "");
  EXPECT_EQ(w.wrong("pgsql", "dbname = mail\nquery = select 1\nselect_function = open-barley\n"),
            "3: select_function is not understood\n");
  EXPECT_EQ(w.wrong("mysql", "dbname = mail\nquery = select '%x'\n"),
            "2: query: % stands before none of s u d S U D 1…9 and %\n");
  EXPECT_EQ(w.wrong("mysql", "query = select 1\n"), "0: there is no dbname\n");
  EXPECT_EQ(w.wrong("mysql", "dbname = m\nquery = select 1\nhosts = a:b\n"), "3: hosts: a port is no number\n");
  EXPECT_EQ(
      w.wrong("sqlite", "dbpath = db\nquery = select 1\nresult_format = %x\n"),
      "1: dbpath: an absolute path is expected\n3: result_format: % stands before none of s u d S U D 1…9 and %\n");
  EXPECT_EQ(w.wrong("ldap", "search_base = dc=a\nscope = one\nversion = 2\nterminal_result_attribute = b\n"),
            "2: scope: only sub is understood\n3: version: only 3 is spoken\n"
            "4: terminal_result_attribute is not understood\n");
  EXPECT_EQ(
      w.wrong("ldap", "server_host = ldaps://a\nsearch_base = dc=a\ntimeout = 10\n# x\nquery_filter =\n (mail=%s)\n"),
      "");
}

TEST(PostfixTable, AnswersAsPostfixWould) {
  if (test::program("sqlite3").empty()) GTEST_SKIP() << "sqlite3 is not installed";
  World w;
  w.run(
      "create table a (k text, v text); insert into a values ('e@x.example', 'eva@y.example');"
      "insert into a values ('e@x.example', 'tom'); insert into a values ('@z.example', 'all');");
  const auto with = [&](std::string_view query, std::string_view more = "") {
    return w.source("sqlite", fmt::format("dbpath = {}\nquery = {}\n{}\n", w.database(), query, more));
  };
  const std::string_view by_key = "select v from a where k = '%s'";
  EXPECT_EQ(w.ask(*with(by_key), "e@x.example"), "eva@y.example,tom");
  EXPECT_EQ(w.ask(*with(by_key), "f@x.example"), "absent");
  EXPECT_EQ(w.ask(*with(by_key), "' OR 1=1 --"), "absent");
  EXPECT_EQ(w.ask(*with("select v from a where k = '@%d'"), "f@z.example"), "all");
  EXPECT_EQ(w.ask(*with("select v from a where k = '@%d'"), "f"), "absent");
  EXPECT_EQ(w.ask(*with(by_key, "result_format = %u:%D"), "e@x.example"), "eva:x.example,tom:x.example");
  EXPECT_EQ(w.ask(*with(by_key, "result_format = %d"), "e@x.example"), "y.example");
  EXPECT_EQ(w.ask(*with(by_key, "result_format = 100%%"), "e@x.example"), "100%,100%");
  EXPECT_EQ(w.ask(*with(by_key, "domain = y.example"), "e@x.example"), "absent");
  EXPECT_EQ(w.ask(*with(by_key, "domain = y.example, X.example"), "e@x.example"), "eva@y.example,tom");
  EXPECT_EQ(w.ask(*with(by_key, "expansion_limit = 1"), "e@x.example"), "failed: more results than expansion_limit");
}

TEST(PostfixTable, ConformsWithSqlite) {
  if (test::program("sqlite3").empty()) GTEST_SKIP() << "sqlite3 is not installed";
  World w;
  std::string sql = "create table a (k text, v text);";
  for (const auto& [key, value] : conformance::kTable)
    sql += fmt::format("insert into a values ('{}', '{}');", key, value);
  w.run(sql);
  const auto source =
      w.source("sqlite", fmt::format("dbpath = {}\nquery = select v from a where k = '%s'\n", w.database()));
  conformance::check_table(*source, {});
}

TEST(PostfixTable, ReadsAnLdapDirectoryAndWhereItsEntriesLead) {
  if (const std::string none = test::LdapServer::missing(); !none.empty()) GTEST_SKIP() << none << " is not installed";
  test::LdapServer server(
      "dn: dc=acme,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: acme\ndc: acme\n\n"
      "dn: uid=eva,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: eva\ncn: Eva\nsn: B\nmail: eva@acme.example\n\n"
      "dn: uid=tom,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: tom\ncn: Tom\nsn: A\nmail: tom@acme.example\n\n"
      "dn: cn=all,dc=acme,dc=example\nobjectClass: inetOrgPerson\ncn: all\nsn: all\nmail: all@acme.example\n"
      "manager: uid=eva,dc=acme,dc=example\nmanager: uid=tom,dc=acme,dc=example\nmanager: "
      "uid=gone,dc=acme,dc=example\n");
  World w;
  const auto source = w.source("ldap", fmt::format("server_host = {}\nsearch_base = dc=acme,dc=example\n"
                                                   "query_filter = (mail=%s)\nresult_attribute = uid\n"
                                                   "special_result_attribute = manager\nbind_dn = "
                                                   "cn=admin,dc=acme,dc=example\nbind_pw = secret\n",
                                                   server.ldapi()));
  EXPECT_EQ(w.ask(*source, "eva@acme.example"), "eva");
  EXPECT_EQ(w.ask(*source, "all@acme.example"), "eva,tom");
  EXPECT_EQ(w.ask(*source, "*@acme.example"), "absent");
  const auto wrong = w.source("ldap", fmt::format("server_host = {}\nsearch_base = dc=acme,dc=example\nbind_dn = "
                                                  "cn=admin,dc=acme,dc=example\nbind_pw = open-barley\n",
                                                  server.ldapi()));
  const std::string said = w.ask(*wrong, "eva@acme.example");
  EXPECT_NE(said.find("Invalid credentials"), std::string::npos) << said;
  EXPECT_EQ(said.find("barley"), std::string::npos);
}

}  // namespace
}  // namespace postern::accounts
