#include "policy/accounts/ldap/ldap_connector.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "policy/accounts/guard/guarded_source.h"
#include "policy/accounts/ldap/ldap_filter.h"
#include "policy/accounts/rows_directory.h"
#include "tests/accounts/conformance.h"
#include "tests/support/real_server.h"

namespace postern::accounts {
namespace {

using namespace std::chrono_literals;
using test::LdapServer;
using test::TempFolder;

// carLicense stands for what a site uses to switch accounts off, manager and secretary for owners and delegates.
constexpr std::string_view kLdif = R"(dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
o: acme
dc: acme

dn: ou=people,dc=acme,dc=example
objectClass: organizationalUnit
ou: people

dn: uid=eva,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: eva
cn: Eva
sn: Berger
mail: eva@acme.example
mail: sales@acme.example
employeeType: gold
userPassword: sesame

dn: uid=tom,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: tom
cn: Tom
sn: Adler
mail: tom@acme.example
carLicense: disabled

dn: ou=shared,dc=acme,dc=example
objectClass: organizationalUnit
ou: shared

dn: cn=support,ou=shared,dc=acme,dc=example
objectClass: inetOrgPerson
cn: support
sn: support
mail: support@acme.example
manager: uid=eva,ou=people,dc=acme,dc=example
secretary: uid=tom,ou=people,dc=acme,dc=example
)";

GuardOptions forgetful() {
  GuardOptions options;
  options.found_age = options.absent_age = options.stale_age = options.failure_age = 0s;
  options.breaker.errors = 0;
  return options;
}

GuardOptions quickly_stale() {
  GuardOptions options;
  options.found_age = 0s;
  options.timeout = 700ms;
  return options;
}

Node scalar(std::string text) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = std::move(text);
  return node;
}

using Keys = std::vector<std::pair<std::string, std::string>>;

// `type: ldap` with these keys; those of facts are written `facts.NAME`.
std::shared_ptr<const Connector> read(const Keys& keys, Problems& problems) {
  Node map, facts;
  map.kind = facts.kind = Node::Kind::map;
  for (const auto& [key, value] : keys) {
    if (key.starts_with("facts."))
      facts.entries.emplace_back(scalar(key.substr(6)), scalar(value));
    else
      map.entries.emplace_back(scalar(key), scalar(value));
  }
  if (!facts.entries.empty()) map.entries.emplace_back(scalar("facts"), facts);
  Settings settings("accounts", &map, problems);
  return read_ldap_accounts(settings);
}

class World {
 public:
  explicit World(const Keys& keys, const GuardOptions& options = forgetful())
      : source(made(keys), options, clock, counters) {}
  std::string login(const std::string& key) { return told(source.find({Lookup::login, key}, conformance::soon())); }
  std::string address(const std::string& key) { return told(source.find({Lookup::address, key}, conformance::soon())); }

  static std::shared_ptr<const Connector> made(const Keys& keys) {
    Problems problems;
    auto connector = read(keys, problems);
    if (!connector) throw std::runtime_error(problems.all().at(0).line());
    return connector;
  }
  static std::string told(const Reply& reply) {
    if (reply.status == Reply::Status::absent) return "absent";
    if (reply.status == Reply::Status::failed) return "failed: " + reply.problem;
    std::string out = reply.stale ? "stale " : "";
    for (const Row& row : reply.rows) {
      for (const auto& [name, value] : row.fields) out += fmt::format("{}={} ", name, value);
      out += "| ";
    }
    return out;
  }

  SystemClock clock;
  Counters counters;
  GuardedSource source;
};

class Ldap : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (LdapServer::missing().empty()) server_ = std::make_unique<LdapServer>(std::string(kLdif));
  }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    if (const std::string none = LdapServer::missing(); !none.empty()) GTEST_SKIP() << none << " is not installed";
  }
  Keys people(Keys more = {}) const {
    Keys keys{{"url", server_->ldapi()}, {"base", "dc=acme,dc=example"}, {"active", "(!(carLicense=disabled))"},
              {"owners", "manager"},     {"delegates", "secretary"},     {"login", "uid"},
              {"addresses", "mail"},     {"facts.tier", "employeeType"}};
    for (auto& [key, value] : more) {
      std::erase_if(keys, [&, name = key](const auto& known) { return known.first == name; });
      keys.emplace_back(key, value);
    }
    return keys;
  }
  std::string secret(std::string_view text) {
    const std::string path = folder_ / "secret";
    std::ofstream(path) << text;
    chmod(path.c_str(), 0600);
    return path;
  }

  TempFolder folder_;
  static std::unique_ptr<LdapServer> server_;
};
std::unique_ptr<LdapServer> Ldap::server_;

constexpr std::string_view kEva =
    "active=yes login=eva address=eva@acme.example address=sales@acme.example fact.tier=gold | ";

void await_next_try() { std::this_thread::sleep_for(1100ms); }

TEST_F(Ldap, Conforms) {
  World w(people());
  EXPECT_EQ(w.login("eva"), kEva);
  EXPECT_EQ(w.login("tom"), "active=no login=tom address=tom@acme.example | ");
  EXPECT_EQ(w.address("sales@acme.example"), kEva);
  EXPECT_EQ(w.address("support@acme.example"), "active=yes address=support@acme.example owner=eva delegate=tom | ");
  conformance::World world;
  world.aliases = false;
  world.kill = [] { server_->stop(); };
  world.revive = [] { server_->start(), await_next_try(); };
  conformance::check_source(w.source, world);
  const auto source = std::make_shared<GuardedSource>(World::made(people()), forgetful(), w.clock, w.counters);
  RowsDirectory directory("d", source, {{"tier", "fact.tier", FactField::Type::text}}, w.clock, w.counters);
  conformance::check_directory(directory, world);
}

TEST_F(Ldap, NeedsOnlyUrlAndBase) {
  World w({{"url", server_->ldapi()}, {"base", "dc=acme,dc=example"}});
  EXPECT_EQ(w.login("eva").substr(0, 9), "login=eva");
  EXPECT_EQ(w.login("eva@acme.example").substr(0, 9), "login=eva");
  EXPECT_EQ(w.address("sales@acme.example").substr(0, 9), "login=eva");
}

TEST_F(Ldap, BindsAndTellsAWrongPasswordAndNotWhich) {
  const Keys bind{{"bind", "uid=eva,ou=people,dc=acme,dc=example"}, {"password-file", secret("sesame")}};
  World right(people(bind));
  EXPECT_EQ(right.login("eva"), kEva);
  secret("open-barley");
  World wrong(people(bind));
  const std::string said = wrong.login("eva");
  EXPECT_NE(said.find("Invalid credentials"), std::string::npos) << said;
  EXPECT_EQ(said.find("barley"), std::string::npos);
}

TEST_F(Ldap, EncryptsAndChecksWhoSigned) {
  for (const auto& [url, start_tls] : {std::pair(server_->ldap(), "yes"), std::pair(server_->ldaps(), "no")}) {
    World w(people({{"url", url}, {"start-tls", start_tls}, {"ca-file", server_->ca_file()}}));
    EXPECT_EQ(w.login("eva"), kEva) << url;
    World stranger(people({{"url", url}, {"start-tls", start_tls}}));
    EXPECT_TRUE(stranger.login("eva").starts_with("failed: ")) << url;
    std::string other_name = url;
    other_name.replace(other_name.find("127.0.0.1"), 9, "127.0.0.2");
    World elsewhere(people({{"url", other_name}, {"start-tls", start_tls}, {"ca-file", server_->ca_file()}}));
    EXPECT_TRUE(elsewhere.login("eva").starts_with("failed: ")) << url;
    World careless(people({{"url", url}, {"start-tls", start_tls}, {"verify", "no"}}));
    EXPECT_EQ(careless.login("eva"), kEva) << url;
  }
}

TEST_F(Ldap, IsUnsureWhereTheBaseIsAnotherOne) {
  World w(people({{"base", "dc=other,dc=example"}}));
  EXPECT_TRUE(w.login("eva").starts_with("failed: ")) << w.login("eva");
}

TEST_F(Ldap, EscapesWhatWouldBeObeyedIfItWerePasted) {  // FAULTS T63
  const std::string injection = "*)(uid=*";
  const auto with = [&](KeyTemplate filter) {
    LdapSettings settings;
    settings.urls = {server_->ldapi()};
    settings.base = "ou=people,dc=acme,dc=example";
    settings.searches[Lookup::login] = {std::move(filter), "", {{"uid", "login"}}, ""};
    return settings;
  };
  KeyTemplate pasted, escaped;
  pasted.text(fmt::format("(&(objectClass=inetOrgPerson)(uid={}))", injection));
  escaped.text("(&(objectClass=inetOrgPerson)(uid=");
  escaped.part(KeyTemplate::Part::key);
  escaped.text("))");
  SystemClock clock;
  Counters counters;
  GuardedSource naive(make_ldap_connector(with(pasted)), forgetful(), clock, counters);
  EXPECT_EQ(World::told(naive.find({Lookup::login, injection}, conformance::soon())), "login=eva | login=tom | ");
  GuardedSource careful(make_ldap_connector(with(escaped)), forgetful(), clock, counters);
  EXPECT_EQ(World::told(careful.find({Lookup::login, injection}, conformance::soon())), "absent");
}

// After the server has died: unsure within its time, and well again within 10 s of its return.
void recovers(World& w, const std::function<void()>& revive) {
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(w.login(fmt::format("u{}", i)).starts_with("failed: "));
  EXPECT_TRUE(w.source.health().open);
  EXPECT_TRUE(w.login("eva").starts_with("stale "));
  revive();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; w.login(fmt::format("v{}", i)) != "absent"; ++i) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, 10s);
    std::this_thread::sleep_for(100ms);
  }
}

TEST_F(Ldap, RecoversFromARestart) {
  World w(people(), quickly_stale());
  EXPECT_EQ(w.login("eva"), kEva);
  server_->kill();
  recovers(w, [] { server_->start(); });
}

TEST_F(Ldap, RecoversFromAServerThatStandsStill) {
  for (const std::string& url : {server_->ldapi(), server_->ldaps()}) {
    World w(people({{"url", url}, {"ca-file", server_->ca_file()}}), quickly_stale());
    EXPECT_EQ(w.login("eva"), kEva);
    server_->freeze();
    const auto start = std::chrono::steady_clock::now();
    recovers(w, [&] {
      EXPECT_LT(std::chrono::steady_clock::now() - start, 8s);  // TLS with who says nothing ends in time, too
      server_->thaw();
    });
  }
}

TEST_F(Ldap, DoesNotNoticeARestartWhenNobodyAsked) {
  World w(people());
  EXPECT_EQ(w.login("eva"), kEva);
  server_->restart();
  EXPECT_EQ(w.login("eva"), kEva);
}

TEST(LdapSettings, TellWhatIsWrong) {
  const auto wrong = [](const Keys& keys) {
    Problems problems;
    const bool made = read(keys, problems) != nullptr;
    EXPECT_EQ(made, problems.usable());
    return problems.all().empty() ? "" : problems.all().front().message;
  };
  EXPECT_EQ(wrong({}), "type ldap needs a url");
  EXPECT_EQ(wrong({{"url", "http://a"}}), "url: ldaps://host, ldap://host or ldapi:/// is expected");
  EXPECT_EQ(wrong({{"url", "ldap://a"}, {"login", "uid)(a=*"}}), "login: uid)(a=* is no name of an attribute");
  EXPECT_EQ(wrong({{"url", "ldap://a"}, {"active", "(a=b"}}), "missing )");
  EXPECT_EQ(wrong({{"url", "ldap://a"}, {"active", "(a={login})"}}), "active: a filter without parameters is expected");
  EXPECT_EQ(wrong({{"url", "ldap://a"}, {"bind", "cn=a"}}), "bind needs a password-file");
  EXPECT_EQ(wrong({{"url", "ldap://a"}, {"bind", "cn=a"}, {"password-file", "/a"}}),
            "the password goes over the network as it is");
  EXPECT_EQ(wrong({{"url", "ldaps://a"}}), "");
}

std::string filled(std::string_view filter, const std::string& key) {
  FilterProblem problem;
  const auto parsed = parse_filter(filter, problem);
  return parsed ? *parsed->expand({Lookup::login, key}, escape_filter)
                : fmt::format("{}: {}", problem.offset, problem.message);
}

TEST(LdapFilter, EscapesWhatTheKeyIs) {  // RFC 4515 3
  EXPECT_EQ(filled("(uid={login})", "eva"), "(uid=eva)");
  EXPECT_EQ(filled("(&(a=*)(mail={local}@{domain}))", "e@a.example"), "(&(a=*)(mail=e@a.example))");
  EXPECT_EQ(filled("(uid={login})", "*)(uid=*"), "(uid=\\2a\\29\\28uid=\\2a)");
  EXPECT_EQ(filled("(uid={login})", "a\\b"), "(uid=a\\5cb)");
  EXPECT_EQ(filled("(uid={login})", std::string("a\0b", 3)), "(uid=a\\00b)");
  EXPECT_EQ(filled("(uid={login})", "\xc3\xa9"), "(uid=\\c3\\a9)");
  EXPECT_EQ(filled("(uid={login})", "{value}"), "(uid={value})");
}

TEST(LdapFilter, TellsWhatIsWrongAndWhere) {
  EXPECT_EQ(filled("(uid={name})", ""), "5: {name} is none of {login} {address} {value} {local} {domain}");
  EXPECT_EQ(filled("(uid={login", ""), "11: missing )");
  EXPECT_EQ(filled("uid={login}", ""), "0: one filter in parentheses is expected");
  EXPECT_EQ(filled("(a=b)(c=d)", ""), "4: one filter in parentheses is expected");
  EXPECT_EQ(filled("(a=b))", ""), "4: one filter in parentheses is expected");
  EXPECT_EQ(filled("", ""), "0: missing )");
}

}  // namespace
}  // namespace postern::accounts
