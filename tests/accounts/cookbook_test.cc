// The configurations of docs/accounts.md, against servers that have such tables: a recipe must not rot.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <regex>

#include "config/configuration.h"
#include "config/equip.h"
#include "policy/accounts/identity/identity.h"
#include "policy/accounts/mailbox_lookup.h"
#include "policy/dns/options.h"
#include "policy/store/make_store.h"
#include "tests/house/documents.h"
#include "tests/house/source_tree.h"
#include "tests/support/real_server.h"

namespace postern::accounts {
namespace {

using test::LdapServer;
using test::MariadbServer;
using test::PostgresServer;
using test::TempFolder;

/// The first block of YAML below the heading.
std::string recipe(const std::string& heading) {
  const std::string page = house::text_of("docs/accounts.md");
  const std::size_t at = page.find("\n## " + heading + "\n");
  for (const house::Block& block : house::blocks_of(std::string_view(page).substr(std::min(at, page.size())))) {
    if (block.language == "yaml") return block.text;
  }
  ADD_FAILURE() << "docs/accounts.md has no configuration below " << heading;
  return {};
}

std::string with(const std::string& text, const std::string& setting, const std::string& value) {
  return std::regex_replace(text, std::regex("\n    " + setting + ": .*"), "\n    " + setting + ": " + value);
}

std::string without(const std::string& text, const std::string& setting) {
  return std::regex_replace(text, std::regex("\n    " + setting + ": .*"), "");
}

/// The password "secret" in its file.
std::string with_password(const std::string& text, const TempFolder& folder) {
  std::ofstream(folder / "password") << "secret\n";
  ::chmod((folder / "password").c_str(), 0600);
  return with(text, "password-file", folder / "password");
}

/// A recipe at work.
class Site {
 public:
  explicit Site(const std::string& text) {
    Problems problems;
    config::LoadOptions options;
    options.offline = true;
    auto configuration = config::load_text("accounts.md", text, folder_.path(), options, problems);
    for (const Problem& problem : problems.sorted()) ADD_FAILURE() << problem.line();
    if (!configuration) throw std::runtime_error("the configuration cannot be used");
    auto dns = dns::make_resolver(configuration->dns, clock_, counters_);
    auto store = store::make_store({}, clock_, counters_);
    dns_ = std::move(*dns);
    backends_ =
        config::equip(*configuration, {},
                      config::keep_in_memory(std::shared_ptr<store::Store>(std::move(*store)), clock_, counters_),
                      *dns_, clock_, counters_)
            .backends;
  }

  /// What the login is to the address, as MAIL FROM: "own by login".
  std::string sends(const std::string& login, const std::string& address) const {
    const Path path = Path::parse(fmt::format("<{}>", address));
    const Verdict verdict = backends_->identity->check({.login = login, .mail_from = &path, .header = nullptr}, soon());
    return verdict.identity == Identity::unsure ? verdict.reason : std::string(name(verdict.identity));
  }
  std::string takes(const std::string& address) const {
    const Path path = Path::parse(fmt::format("<{}>", address));
    const MailboxFinding found = find_mailbox(*path.mailbox, backends_->directories, {}, soon());
    switch (found.kind) {
      case MailboxFinding::Kind::accepted: return "accepted";
      case MailboxFinding::Kind::unknown: return "unknown";
      case MailboxFinding::Kind::suspended: return "suspended";
      case MailboxFinding::Kind::expired: return "expired";
      case MailboxFinding::Kind::over_aliased: return "over-aliased";
      case MailboxFinding::Kind::silent: return "silent";
      case MailboxFinding::Kind::unsure: break;
    }
    return found.reason;
  }
  std::string fact(const std::string& login, const std::string& fact) const {
    const Path null = Path::parse("<>");
    const auto facts =
        backends_->identity->check({.login = login, .mail_from = &null, .header = nullptr}, soon()).facts;
    const auto found = facts.find(fact);
    return found == facts.end() ? "" : found->second;
  }

 private:
  static Deadline soon() { return Deadline(std::chrono::steady_clock::now() + std::chrono::seconds(20)); }

  TempFolder folder_;
  SystemClock clock_;
  Counters counters_;
  std::unique_ptr<dns::Resolver> dns_;
  std::shared_ptr<const Backends> backends_;
};

// What every recipe for a mail system with aliases and alias domains has to say. There are eva, tom, and gus, who is
// switched off; once@ is another name of eva; old.example is another name of acme.example.
void is_understood(const Site& site) {
  EXPECT_EQ(site.sends("eva@acme.example", "eva@acme.example"), "own");
  EXPECT_EQ(site.sends("eva@acme.example", "Eva+shop@acme.example"), "own");
  EXPECT_EQ(site.sends("eva@acme.example", "once@acme.example"), "own");
  EXPECT_EQ(site.sends("eva@acme.example", "once+x@acme.example"), "own");
  EXPECT_EQ(site.sends("tom@acme.example", "once@acme.example"), "foreign");
  EXPECT_EQ(site.sends("tom@acme.example", "eva@acme.example"), "foreign");
  EXPECT_EQ(site.sends("eva@acme.example", "nobody@acme.example"), "foreign");
  EXPECT_EQ(site.sends("eva@acme.example", "eva@old.example"), "own");
  EXPECT_EQ(site.sends("eva@acme.example", "once@old.example"), "own");
  EXPECT_EQ(site.sends("tom@acme.example", "eva@old.example"), "foreign");
  EXPECT_EQ(site.sends("gus@acme.example", "gus@acme.example"), "suspended");
  EXPECT_EQ(site.sends("eva@acme.example", "' or 1=1 --@acme.example"), "malformed");
  EXPECT_EQ(site.sends("eva@acme.example", "\"' or 1=1 --\"@acme.example"), "foreign");
  EXPECT_EQ(site.takes("eva@acme.example"), "accepted");
  EXPECT_EQ(site.takes("once+y@acme.example"), "accepted");
  EXPECT_EQ(site.takes("eva@old.example"), "accepted");
  EXPECT_EQ(site.takes("nobody@acme.example"), "unknown");
  EXPECT_EQ(site.takes("nobody@old.example"), "unknown");
  EXPECT_EQ(site.takes("gus@acme.example"), "suspended");
}

TEST(Cookbook, Mailcow) {
  if (const std::string what = MariadbServer::missing(); !what.empty()) GTEST_SKIP() << what << " is not installed";
  MariadbServer server(
      "create database mail character set utf8mb4;\nuse mail;\n"
      "create table mailbox (username varchar(255) primary key, local_part varchar(255), domain varchar(255), "
      "active tinyint(1) not null default 1);\n"
      "create table alias (id int auto_increment primary key, address varchar(255) unique, goto text not null, "
      "domain varchar(255), active tinyint(1) not null default 1);\n"
      "create table sender_acl (id int auto_increment primary key, logged_in_as varchar(255), send_as varchar(255), "
      "external tinyint(1) not null default 0);\n"
      "create table alias_domain (alias_domain varchar(255) primary key, target_domain varchar(255), "
      "active tinyint(1) not null default 1);\n"
      "create table spamalias (address varchar(255) primary key, goto text not null, validity int);\n"
      "insert into mailbox values ('eva@acme.example', 'eva', 'acme.example', 1), "
      "('tom@acme.example', 'tom', 'acme.example', 1), ('gus@acme.example', 'gus', 'acme.example', 0), "
      "('in@acme.example', 'in', 'acme.example', 2);\n"
      "insert into alias (address, goto, active) select username, username, if(active, 1, 0) from mailbox;\n"
      "insert into alias (address, goto) values ('once@acme.example', 'eva@acme.example'), "
      "('both@acme.example', 'eva@acme.example,tom@acme.example'), ('@catch.example', 'tom@acme.example');\n"
      "insert into alias (address, goto, active) values ('mute@acme.example', 'eva@acme.example', 2);\n"
      "insert into sender_acl (logged_in_as, send_as) values ('eva@acme.example', 'boss@acme.example'), "
      "('tom@acme.example', '@shop.example'), ('in@acme.example', '*');\n"
      "insert into alias_domain values ('old.example', 'acme.example', 1), ('oldshop.example', 'shop.example', 1);\n"
      "insert into spamalias values ('tmp@acme.example', 'eva@acme.example', unix_timestamp() + 3600), "
      "('gone@acme.example', 'eva@acme.example', unix_timestamp() - 3600);\n"
      "create user postern@localhost identified by 'secret';\ngrant select on mail.* to postern@localhost;\n");
  TempFolder folder;
  const Site site(with_password(with(recipe("mailcow"), "dsn", server.dsn("postern")), folder));
  is_understood(site);
  EXPECT_EQ(site.sends("tom@acme.example", "both@acme.example"), "own");
  EXPECT_EQ(site.sends("eva@acme.example", "boss@acme.example"), "granted");
  EXPECT_EQ(site.sends("eva@acme.example", "boss@old.example"), "granted");
  EXPECT_EQ(site.sends("tom@acme.example", "any@shop.example"), "granted");
  EXPECT_EQ(site.sends("tom@acme.example", "any@oldshop.example"), "granted");
  EXPECT_EQ(site.sends("eva@acme.example", "any@shop.example"), "foreign");
  EXPECT_EQ(site.sends("tom@acme.example", "any@catch.example"), "own");
  EXPECT_EQ(site.sends("in@acme.example", "in@acme.example"), "suspended");
  EXPECT_EQ(site.takes("in@acme.example"), "accepted");
  EXPECT_EQ(site.sends("eva@acme.example", "mute@acme.example"), "foreign");
  EXPECT_EQ(site.takes("mute@acme.example"), "accepted");
  EXPECT_EQ(site.sends("eva@acme.example", "tmp@acme.example"), "foreign");
  EXPECT_EQ(site.takes("tmp@acme.example"), "accepted");
  EXPECT_EQ(site.takes("gone@acme.example"), "unknown");
  EXPECT_EQ(site.takes("any@catch.example"), "accepted");
}

TEST(Cookbook, IRedMailWithSql) {
  if (const std::string what = PostgresServer::missing(); !what.empty()) GTEST_SKIP() << what << " is not installed";
  PostgresServer server;
  server.start();
  server.execute(
      "create table mailbox (username varchar(255) primary key, active int2 not null default 1, "
      "expired timestamp without time zone not null default '9999-12-31 01:01:01');\n"
      "create table forwardings (id serial primary key, address varchar(255), forwarding varchar(255), "
      "is_maillist int2 not null default 0, is_list int2 not null default 0, is_forwarding int2 not null default 0, "
      "is_alias int2 not null default 0, active int2 not null default 1);\n"
      "create table alias_domain (alias_domain varchar(255) primary key, target_domain varchar(255), "
      "active int2 not null default 1);\n"
      "create table maillists (id serial primary key, address varchar(255), active int2 not null default 1);\n"
      "insert into mailbox (username) values ('eva@acme.example'), ('tom@acme.example');\n"
      "insert into mailbox (username, active) values ('gus@acme.example', 0);\n"
      "insert into mailbox (username, expired) values ('old@acme.example', '2020-01-01 00:00:00');\n"
      "insert into forwardings (address, forwarding, is_forwarding) select username, username, 1 from mailbox;\n"
      "insert into forwardings (address, forwarding, is_forwarding) values ('eva@acme.example', 'tom@acme.example', "
      "1);\n"
      "insert into forwardings (address, forwarding, is_alias) values ('once@acme.example', 'eva@acme.example', 1);\n"
      "insert into forwardings (address, forwarding, is_list) values ('both@acme.example', 'eva@acme.example', 1), "
      "('both@acme.example', 'tom@acme.example', 1);\n"
      "insert into alias_domain values ('old.example', 'acme.example', 1);\n"
      "insert into maillists (address) values ('list@acme.example');\n"
      "create role postern login password 'secret'; grant select on all tables in schema public to postern;\n");
  TempFolder folder;
  const Site site(with_password(with(recipe("iRedMail with SQL"), "dsn", server.dsn("postern")), folder));
  is_understood(site);
  EXPECT_EQ(site.sends("old@acme.example", "old@acme.example"), "expired");
  EXPECT_EQ(site.sends("tom@acme.example", "both@acme.example"), "foreign");
  EXPECT_EQ(site.takes("both@acme.example"), "accepted");
  EXPECT_EQ(site.takes("list@acme.example"), "accepted");
  EXPECT_EQ(site.sends("tom@acme.example", "list@acme.example"), "foreign");
}

TEST(Cookbook, PostfixAdmin) {
  if (const std::string what = PostgresServer::missing(); !what.empty()) GTEST_SKIP() << what << " is not installed";
  PostgresServer server;
  server.start();
  server.execute(
      "create table mailbox (username varchar(255) primary key, active boolean not null default true);\n"
      "create table alias (address varchar(255) primary key, goto text not null, active boolean not null default "
      "true);\n"
      "create table alias_domain (alias_domain varchar(255) primary key, target_domain varchar(255), "
      "active boolean not null default true);\n"
      "insert into mailbox values ('eva@acme.example', true), ('tom@acme.example', true), ('gus@acme.example', "
      "false);\n"
      "insert into alias select username, username, active from mailbox;\n"
      "update alias set goto = 'eva@acme.example,tom@acme.example' where address = 'eva@acme.example';\n"
      "insert into alias values ('once@acme.example', 'eva@acme.example', true), "
      "('off@acme.example', 'eva@acme.example', false), ('@catch.example', 'tom@acme.example', true);\n"
      "insert into alias_domain values ('old.example', 'acme.example', true);\n"
      "create role postern login password 'secret'; grant select on all tables in schema public to postern;\n");
  TempFolder folder;
  const Site site(with_password(with(recipe("Postfix Admin"), "dsn", server.dsn("postern")), folder));
  is_understood(site);
  EXPECT_EQ(site.takes("off@acme.example"), "unknown");
  EXPECT_EQ(site.sends("eva@acme.example", "off@acme.example"), "foreign");
  EXPECT_EQ(site.sends("tom@acme.example", "any@catch.example"), "own");
}

TEST(Cookbook, SqliteAndTablesOfYourOwn) {
  if (test::program("sqlite3").empty()) GTEST_SKIP() << "sqlite3 is not installed";
  TempFolder folder;
  const std::string page = house::text_of("docs/accounts.md");
  std::string tables;
  for (const house::Block& block : house::blocks_of(page)) {
    if (block.language == "sql" && block.text.find("create table may_send") != std::string::npos) tables = block.text;
  }
  test::sqlite(folder / "a.db",
               tables +
                   "insert into account values ('eva', 1, null, 'gold'), ('tom', 1, '2020-01-01', null), "
                   "('gus', 0, null, null);"
                   "insert into address values ('eva@acme.example', 'eva'), ('sales@acme.example', 'eva');"
                   "insert into may_send values ('eva', '.shop.example');"
                   "insert into alias values ('info@acme.example', 'sales@acme.example');");
  const Site site(with(recipe("SQLite, and tables of your own"), "dsn", "sqlite:" + folder / "a.db"));
  EXPECT_EQ(site.sends("eva", "eva@acme.example"), "own");
  EXPECT_EQ(site.sends("eva", "info@acme.example"), "own");
  EXPECT_EQ(site.sends("eva", "a@b.shop.example"), "granted");
  EXPECT_EQ(site.sends("eva", "nobody@acme.example"), "foreign");
  EXPECT_EQ(site.sends("tom", "eva@acme.example"), "expired");
  EXPECT_EQ(site.sends("gus", "eva@acme.example"), "suspended");
  EXPECT_EQ(site.takes("info@acme.example"), "accepted");
  EXPECT_EQ(site.takes("nobody@acme.example"), "unknown");
  EXPECT_EQ(site.fact("eva", "tier"), "gold");
}

TEST(Cookbook, OpenLdap) {
  if (const std::string what = LdapServer::missing(); !what.empty()) GTEST_SKIP() << what << " is not installed";
  LdapServer server(
      "dn: dc=acme,dc=example\nobjectClass: dcObject\nobjectClass: organization\no: acme\ndc: acme\n\n"
      "dn: ou=people,dc=acme,dc=example\nobjectClass: organizationalUnit\nou: people\n\n"
      "dn: ou=shared,dc=acme,dc=example\nobjectClass: organizationalUnit\nou: shared\n\n"
      "dn: uid=eva,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nobjectClass: inetLocalMailRecipient\n"
      "cn: Eva\nsn: Eva\nuid: eva\nmail: eva@acme.example\nmailLocalAddress: sales@acme.example\n"
      "departmentNumber: 7\n\n"
      "dn: uid=gus,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\ncn: Gus\nsn: Gus\nuid: gus\n"
      "mail: gus@acme.example\nemployeeType: left\n\n"
      "dn: cn=support,ou=shared,dc=acme,dc=example\nobjectClass: groupOfNames\nobjectClass: extensibleObject\n"
      "cn: support\nmail: support@acme.example\nmember: uid=eva,ou=people,dc=acme,dc=example\n"
      "owner: uid=eva,ou=people,dc=acme,dc=example\nsecretary: uid=tom,ou=people,dc=acme,dc=example\n");
  std::string text = with(recipe("OpenLDAP"), "url", server.ldapi());
  text = without(without(text, "bind"), "password-file");
  const Site site(text);
  EXPECT_EQ(site.sends("eva", "eva@acme.example"), "own");
  EXPECT_EQ(site.sends("eva", "sales+x@acme.example"), "own");
  EXPECT_EQ(site.sends("eva", "support@acme.example"), "own");
  EXPECT_EQ(site.sends("tom", "support@acme.example"), "delegated");
  EXPECT_EQ(site.sends("eva", "gus@acme.example"), "foreign");
  EXPECT_EQ(site.sends("gus", "gus@acme.example"), "suspended");
  EXPECT_EQ(site.takes("support@acme.example"), "accepted");
  EXPECT_EQ(site.takes("gus@acme.example"), "suspended");
  EXPECT_EQ(site.takes("nobody@acme.example"), "unknown");
  EXPECT_EQ(site.fact("eva", "department"), "7");
}

TEST(Cookbook, AFileOfAccounts) {
  const std::string page = house::text_of("docs/accounts.md");
  std::string file;
  for (const house::Block& block : house::blocks_of(page)) {
    if (block.language == "accounts.yaml" && block.text.find("groups:") != std::string::npos) file = block.text;
  }
  TempFolder folder;
  std::ofstream(folder / "accounts.yaml") << file;
  const std::string text = recipe("A file of accounts");
  const std::size_t at = text.find("accounts.yaml");
  ASSERT_NE(at, std::string::npos);
  const Site site(text.substr(0, at) + folder / "accounts.yaml" + text.substr(at + 13));
  EXPECT_EQ(site.sends("eva@acme.example", "sales@acme.example"), "own");
  EXPECT_EQ(site.sends("eva@acme.example", "any@shop.example"), "granted");
  EXPECT_EQ(site.sends("eva@acme.example", "board@acme.example"), "granted");
  EXPECT_EQ(site.sends("eva@acme.example", "boss@acme.example"), "delegated");
  EXPECT_EQ(site.sends("boss@acme.example", "board@acme.example"), "granted");
  EXPECT_EQ(site.sends("tom@acme.example", "board@acme.example"), "foreign");
  EXPECT_EQ(site.sends("tom@acme.example", "info@acme.example"), "own");
  EXPECT_EQ(site.sends("eva@acme.example", "news@acme.example"), "foreign");
  EXPECT_EQ(site.sends("eva@acme.example", "any@old.example"), "own");
  EXPECT_EQ(site.sends("tom@acme.example", "support@acme.example"), "delegated");
  EXPECT_EQ(site.sends("gus@acme.example", "gus@acme.example"), "suspended");
  EXPECT_EQ(site.takes("news@acme.example"), "accepted");
  EXPECT_EQ(site.takes("board@acme.example"), "unknown");
  EXPECT_EQ(site.fact("eva@acme.example", "tier"), "gold");
}

TEST(Cookbook, PostfixsTables) {
  TempFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) { std::ofstream(folder / name) << text; };
  write("sender_logins", "eva@acme.example eva\nshared@acme.example eva, tom\n");
  write("sender_logins.re", "/^news-.*@acme\\.example$/ tom\n");
  write("vmailbox", "eva@acme.example x\n");
  write("virtual", "once@acme.example eva@acme.example\n");
  write("virtual-old", "eva@acme.example eva@acme.example, tom@acme.example\n");
  std::string text = std::regex_replace(recipe("Postfix's tables"), std::regex("/etc/postfix"), folder.path());
  text = std::regex_replace(text, std::regex("(cdb|lmdb):"), "texthash:");
  const Site site(text);
  EXPECT_EQ(site.sends("eva", "eva@acme.example"), "own");
  EXPECT_EQ(site.sends("eva", "once@acme.example"), "own");  // an alias beside the mailbox takes nothing away
  EXPECT_EQ(site.sends("tom", "shared@acme.example"), "own");
  EXPECT_EQ(site.sends("tom", "news-7@acme.example"), "own");
  EXPECT_EQ(site.sends("tom", "eva@acme.example"), "foreign");
  EXPECT_EQ(site.takes("once@acme.example"), "accepted");
  EXPECT_EQ(site.takes("shared@acme.example"), "unknown");
}

}  // namespace
}  // namespace postern::accounts
