#include "policy/accounts/system_users.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "tests/accounts/conformance.h"
#include "tests/accounts/direct_source.h"

namespace postern::accounts {
namespace {

using conformance::soon;
using std::chrono::milliseconds;

int g_error = 0;  // of the test's own NSS

// Knows what it is asked without regard to case, as some NSS back ends do, and wants a large buffer.
int get_user(const char* name, passwd* user, char* buffer, std::size_t size, passwd** found) {
  *found = nullptr;
  if (g_error != 0) return g_error;
  if (size < 10'000) return ERANGE;
  static char shell[] = "/bin/sh", nologin[] = "/usr/sbin/nologin", gecos[] = "Eva Example,Room 5";
  const auto is = [&](const char* known) { return ::strcmp(name, known) == 0; };
  if (!is("eva") && !is("tom") && !is("root") && !is("nobody") && !is("support")) return 0;
  *user = {};
  user->pw_name = static_cast<char*>(std::memcpy(buffer, name, ::strlen(name) + 1));
  user->pw_uid = is("root") ? 0 : is("nobody") ? 65534 : 1001;
  user->pw_gecos = gecos;
  user->pw_shell = is("tom") ? nologin : shell;
  *found = user;
  return 0;
}

DirectSource source_of(SystemUsersOptions options) {
  return DirectSource(std::make_shared<SystemUsers>(std::move(options), get_user), milliseconds(1000));
}

TEST(SystemUsers, AreABackEndAsAllOthers) {
  DirectSource source = source_of({.domains = {"acme.example"}});
  conformance::World world;
  world.aliases = false;
  world.kill = [] { g_error = EIO; };
  world.revive = [] { g_error = 0; };
  conformance::check_source(source, world);
}

TEST(SystemUsers, ArePeople) {
  DirectSource source = source_of({});
  EXPECT_EQ(source.find({Lookup::login, "root"}, soon()).status, Reply::Status::absent);
  EXPECT_EQ(source.find({Lookup::login, "nobody"}, soon()).status, Reply::Status::absent);
  const Reply eva = source.find({Lookup::login, "eva"}, soon());
  EXPECT_EQ(conformance::values(eva, "login"), std::vector<std::string>{"eva"});
  EXPECT_EQ(conformance::values(eva, "name"), std::vector<std::string>{"Eva Example"});
  EXPECT_FALSE(source.has(Lookup::address));
  EXPECT_FALSE(source.has(Lookup::value));
}

TEST(SystemUsers, MayHaveToLogIn) {
  EXPECT_EQ(source_of({}).find({Lookup::login, "tom"}, soon()).status, Reply::Status::found);
  EXPECT_EQ(source_of({.shell = true}).find({Lookup::login, "tom"}, soon()).status, Reply::Status::absent);
  EXPECT_EQ(source_of({.shell = true}).find({Lookup::login, "eva"}, soon()).status, Reply::Status::found);
}

TEST(SystemUsers, OfTheMachineItself) {
  DirectSource source(std::make_shared<SystemUsers>(SystemUsersOptions{.first = 0}), milliseconds(1000));
  EXPECT_EQ(source.find({Lookup::login, "root"}, soon()).status, Reply::Status::found);
  EXPECT_EQ(source.find({Lookup::login, "no-such-user-here"}, soon()).status, Reply::Status::absent);
}

}  // namespace
}  // namespace postern::accounts
