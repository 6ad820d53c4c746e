#include "policy/accounts/dovecot.h"

#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <thread>

#include "tests/accounts/conformance.h"
#include "tests/accounts/direct_source.h"
#include "tests/accounts/line_server.h"
#include "tests/accounts/table_files.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

using conformance::soon;
using std::chrono::milliseconds;

constexpr char kDovecot[] = "/usr/sbin/dovecot";

/// A Dovecot of our own: its auth service alone, everything in one folder, no port.
class RealDovecot {
 public:
  RealDovecot() {
    ::chmod(folder_.path().c_str(), 0755);
    write_file(folder_ / "users",
               "eva::1001:1001:Eva:/srv/eva::userdb_tier=gold userdb_mail_password=secret userdb_flag\n"
               "tom::1002:1002::/srv/tom::\n"
               "eva@acme.example::1001:1001::/srv/eva::\n"
               "info@acme.example::1001:1001::/srv/eva::\n"
               "support@acme.example::1001:1001::/srv/eva::\n");
    ::chmod((folder_ / "users").c_str(), 0644);
    write_file(folder_ / "dovecot.conf",
               fmt::format(R"(base_dir = {0}/run
state_dir = {0}/state
log_path = {0}/log
protocols =
listen = 127.0.0.1
ssl = no
default_internal_user = {1}
default_internal_group = {2}
default_login_user = {1}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {0}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {0}/users
}}
service auth {{
  user = root
  unix_listener auth-userdb {{
    mode = 0600
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0600
  }}
}}
)",
                           folder_.path(), "nobody", ::getgrnam("nogroup") ? "nogroup" : "nobody"));
    start();
  }
  ~RealDovecot() { stop(); }

  void start() {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpgid(0, 0);
      ::execl(kDovecot, "dovecot", "-F", "-c", (folder_ / "dovecot.conf").c_str(), nullptr);
      ::_exit(127);
    }
    for (int i = 0; i < 200 && !connects(); ++i) std::this_thread::sleep_for(milliseconds(25));
  }
  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    ::kill(-pid_, SIGKILL);  // its auth process would serve on, as long as somebody is connected
    pid_ = 0;
  }
  Endpoint endpoint() const { return *Endpoint::parse("unix:" + (folder_ / "run/auth-userdb")); }
  bool connects() const {
    return static_cast<bool>(Dovecot(endpoint()).connect(std::chrono::steady_clock::now() + milliseconds(500)));
  }
  std::string log() const { return read_file(folder_ / "log"); }

 private:
  test::TempFolder folder_;
  pid_t pid_ = 0;
};

std::string row_text(const Reply& reply) {
  if (reply.status == Reply::Status::failed) return "failed: " + reply.problem;
  std::string text = reply.status == Reply::Status::found ? "" : "absent";
  for (const Row& row : reply.rows) {
    for (const auto& [field, value] : row.fields) text += field + "=" + value + ";";
  }
  return text;
}

TEST(RealDovecot, IsABackEndAsAllOthers) {
  if (::access(kDovecot, X_OK) != 0) GTEST_SKIP() << "dovecot-core is not installed";
  if (::geteuid() != 0) GTEST_SKIP() << "Dovecot wants to be started by root";
  RealDovecot dovecot;
  ASSERT_TRUE(dovecot.connects()) << dovecot.log();
  DirectSource source(std::make_shared<Dovecot>(dovecot.endpoint()), milliseconds(5000));
  EXPECT_EQ(row_text(source.find({Lookup::login, "eva"}, soon())),
            "login=eva;uid=1001;gid=1001;home=/srv/eva;tier=gold;flag=yes;");
  EXPECT_EQ(row_text(source.find({Lookup::address, "eva@acme.example"}, soon())),
            "login=eva@acme.example;uid=1001;gid=1001;home=/srv/eva;");
  conformance::World world;
  world.kill = [&] { dovecot.stop(); };
  world.revive = [&] { dovecot.start(); };
  conformance::check_source(source, world);
}

struct World {
  World(const std::string& greeting, LineServer::Respond respond, milliseconds patience = milliseconds(5000))
      : server(folder / "socket", greeting, std::move(respond)),
        source(std::make_shared<Dovecot>(*Endpoint::parse("unix:" + (folder / "socket"))), patience) {}
  std::string ask(const std::string& key = "eva") { return row_text(source.find({Lookup::login, key}, soon())); }

  test::TempFolder folder;
  LineServer server;
  DirectSource source;
};

constexpr char kGreeting[] = "VERSION\t1\t2\nSPID\t4711\n";

/// Says the same to everything.
std::string answer(std::string what, const std::string& greeting = kGreeting) {
  return World(
             greeting,
             [what](std::string& received) {
               if (received.find("USER") == std::string::npos) return std::string();
               received.clear();
               return what;
             },
             milliseconds(300))
      .ask();
}

TEST(Dovecot, AsksInItsProtocol) {
  std::string seen;
  World w(kGreeting, [&](std::string& received) {
    seen += received;
    const bool asked = received.find("USER\t1") != std::string::npos;
    received.clear();
    return std::string(asked ? "USER\t1\teva\n" : "");
  });
  EXPECT_EQ(w.ask("e\tv\na\x01"), "login=eva;");
  EXPECT_EQ(seen,
            "VERSION\t1\t0\nUSER\t1\te\x01tv\x01na\x01"
            "1\tservice=smtp\n");
}

TEST(Dovecot, ReadsItsAnswers) {
  EXPECT_EQ(answer("USER\t1\teva\tUID=5\tx=a\x01tb\x01"
                   "1\x01n\tflag\tpass=x\tlogin=other\t\t=\n"),
            "login=eva;uid=5;x=a\tb\x01\n;flag=yes;");
  EXPECT_EQ(answer("NOTFOUND\t1\n"), "absent");
  EXPECT_EQ(answer("FAIL\t1\n"), "failed: dovecot: it cannot tell now");
  EXPECT_EQ(answer("FAIL\t1\ttemp\treason=down\x01nnow\n"), "failed: dovecot: down\\x0anow");
}

TEST(Dovecot, TakesNothingFromAHostileServer) {
  EXPECT_EQ(answer("USER\t2\tceo\n"), "failed: dovecot: it answers what was not asked");
  EXPECT_EQ(answer("NOTFOUND\n"), "failed: dovecot: it answers what was not asked");
  EXPECT_EQ(answer("USER\t1\n"), "failed: dovecot: \"USER\" is no answer");
  EXPECT_EQ(answer("HELLO\t1\n"), "failed: dovecot: \"HELLO\" is no answer");
  EXPECT_TRUE(answer("USER\t1\tevaCLOSE").starts_with("failed"));
  EXPECT_TRUE(answer(std::string(200'000, 'x')).starts_with("failed"));
  EXPECT_TRUE(answer("CLOSE").starts_with("failed"));
  EXPECT_TRUE(answer("").starts_with("failed"));
}

TEST(Dovecot, TakesNothingFromAHostileGreeting) {
  EXPECT_NE(answer("", "VERSION\t2\t0\nSPID\t1\n").find("another version"), std::string::npos);
  EXPECT_NE(answer("", "SPID\t1\n").find("another version"), std::string::npos);
  EXPECT_NE(answer("", "VERSION\t1\t1\nMECH\tPLAIN\n").find("name auth-userdb"), std::string::npos);
  std::string endless;
  for (int i = 0; i < 200; ++i) endless += "X\n";
  EXPECT_NE(answer("", endless).find("greets without end"), std::string::npos);
  EXPECT_TRUE(answer("", std::string(100'000, 'x')).starts_with("failed"));
  EXPECT_TRUE(answer("", "").starts_with("failed"));
}

TEST(Dovecot, NeverTakesAnAnswerForAnotherQuestion) {
  World w(kGreeting, [](std::string& received) {
    const bool asked = received.find("USER\t1") != std::string::npos;
    received.clear();
    return std::string(asked ? "USER\t1\teva\nUSER\t2\teva\n" : "");
  });
  EXPECT_EQ(w.ask("eva"), "login=eva;");
  EXPECT_NE(w.ask("ceo").find("spoke unasked"), std::string::npos);
}

}  // namespace
}  // namespace postern::accounts
