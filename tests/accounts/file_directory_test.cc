#include "policy/accounts/file_directory.h"

#include <gtest/gtest.h>

#include "config/yaml_reader.h"
#include "tests/accounts/conformance.h"
#include "tests/accounts/table_files.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

using conformance::soon;
using Kind = Answer::Kind;
using Texts = std::vector<std::string>;

constexpr char kWorld[] = R"(accounts:
  eva:
    addresses: [eva@acme.example, sales@acme.example]
    facts: {tier: gold, daily: 500}
  tom:
    addresses: tom@acme.example
    state: suspended
aliases:
  info@acme.example: [eva@acme.example, tom@acme.example]
shared:
  support@acme.example: {owners: [eva], delegates: [tom]}
)";

class WallClock final : public Clock {
 public:
  SteadyTime now() const override { return {}; }
  WallTime wall() const override { return WallTime(std::chrono::seconds(seconds)); }
  std::int64_t seconds = 1'798'761'599;  // 2026-12-31T23:59:59Z
};

struct World {
  explicit World(std::string_view text) {
    write_file(path, text);
    directory.load({}, problems);
  }
  std::string told() const {
    std::string lines;
    for (const Problem& p : problems.sorted()) lines += p.line().substr(path.size()) + "\n";
    return lines;
  }
  Record login(std::string_view name) { return directory.login(name, soon()).record; }
  Answer address(std::string_view text) { return conformance::ask_address(directory, text); }

  test::TempFolder folder;
  std::string path = folder / "accounts.yaml";
  Problems problems;
  WallClock clock;
  FileDirectory directory{"people", path, config::read_yaml, clock};
};

TEST(FileDirectory, IsABackEndAsAllOthers) {
  World w(kWorld);
  EXPECT_EQ(w.told(), "");
  conformance::World world;
  world.survives = true;
  world.kill = [&] { write_file(w.path, "accounts: [broken"); };
  world.revive = [&] { write_file(w.path, kWorld); };
  conformance::check_directory(w.directory, world);
}

TEST(FileDirectory, IsUnsureUntilItsFileIsThere) {
  World w(kWorld);
  FileDirectory late("people", w.folder / "late.yaml", config::read_yaml, w.clock);
  Problems problems;
  late.load({}, problems);
  EXPECT_TRUE(problems.usable());
  EXPECT_EQ(late.login("eva", soon()).kind, Kind::unsure);
  EXPECT_EQ(late.address("eva", "acme.example", soon()).kind, Kind::unsure);
  write_file(w.folder / "late.yaml", kWorld);
  EXPECT_TRUE(late.refresh().empty());
  EXPECT_EQ(late.login("eva", soon()).kind, Kind::yes);
}

TEST(FileDirectory, ALoginThatIsAnAddressOwnsIt) {
  World w("accounts:\n  Eva@ACME.example:\n    behalf: [boss@acme.example]\n    grants: [shop.example]\n");
  EXPECT_EQ(w.told(), "");
  EXPECT_EQ(w.login("eva@acme.EXAMPLE").addresses, Texts{"Eva@ACME.example"});
  EXPECT_EQ(w.login("eva@acme.example").behalf, Texts{"boss@acme.example"});
  EXPECT_EQ(w.login("eva@acme.example").grants, Texts{"shop.example"});
  EXPECT_EQ(w.address("EVA@acme.example").record.owners, Texts{"Eva@ACME.example"});
  EXPECT_EQ(w.directory.login("<eva@acme.example>", soon()).kind, Kind::no);
  EXPECT_EQ(w.directory.login("@r:eva@acme.example", soon()).kind, Kind::no);
}

TEST(FileDirectory, AnAccountExpiresBehindItsLastDay) {
  World w(
      "accounts:\n  eva@a.example: {expires: 2026-12-31}\n  tom@a.example: {expires: 2020-01-01, state: suspended}\n");
  EXPECT_EQ(w.login("eva@a.example").state, State::active);
  ++w.clock.seconds;
  EXPECT_EQ(w.login("eva@a.example").state, State::expired);
  EXPECT_EQ(w.address("eva@a.example").record.state, State::expired);
  EXPECT_EQ(w.login("tom@a.example").state, State::suspended);
}

TEST(FileDirectory, HasAliasesAndCatchAlls) {
  World w(
      "accounts:\n  eva@a.example:\naliases:\n  news@a.example: {to: eva@a.example, sendable: no}\n"
      "  \"@old.example\": [eva@a.example, far@b.example]\n");
  EXPECT_EQ(w.told(), "");
  EXPECT_FALSE(w.address("news@a.example").record.sendable);
  EXPECT_EQ(w.address("@old.example").record.targets, (Texts{"eva@a.example", "far@b.example"}));
  EXPECT_TRUE(w.address("@old.example").record.sendable);
  EXPECT_EQ(w.address("x@old.example").kind, Kind::no);
}

TEST(FileDirectory, GroupsAreGrants) {
  World w(
      "accounts:\n  eva@a.example:\n  tom@a.example: {grants: [\"group:board\", x.example]}\n  sue@a.example:\n"
      "groups:\n  board: {addresses: [board@a.example, chair@a.example], members: [eva@a.example]}\n");
  EXPECT_EQ(w.told(), "");
  EXPECT_EQ(w.login("eva@a.example").grants, (Texts{"board@a.example", "chair@a.example"}));
  EXPECT_EQ(w.login("tom@a.example").grants, (Texts{"board@a.example", "chair@a.example", "x.example"}));
  EXPECT_EQ(w.login("sue@a.example").grants, Texts{});
  EXPECT_EQ(w.address("board@a.example").kind, Kind::yes);
  EXPECT_FALSE(w.address("board@a.example").record.mailbox);
}

TEST(FileDirectory, SystemUsersAreNoLogins) {
  World w("accounts:\n  eva@a.example:\nsystem: {www-data: eva@a.example}\n");
  EXPECT_EQ(w.directory.login_of_system_user("www-data"), "eva@a.example");
  EXPECT_EQ(w.directory.login_of_system_user("root"), std::nullopt);
  EXPECT_EQ(w.directory.login("www-data", soon()).kind, Kind::no);
}

TEST(FileDirectory, TellsAllMistakesAtOnce) {
  World w(R"(accounts:
  eva@a.example:
    adresses: [x@a.example]
    state: asleep
    expires: soon
    grants: ["group:bord"]
  EVA@A.example:
  tom@a.example:
    addresses: [eva@a.example, no-address, "@b.example"]
    facts: {tier: [gold]}
aliases:
  nowhere@a.example:
  tom@a.example: [evb@a.example, nobody]
  bad: eva@a.example
  maybe@a.example: {to: eva@a.example, sendable: perhaps}
shared:
  tom@a.example: {owners: [eva@a.example]}
  help@a.example: {owners: [eve@a.example]}
groups:
  board: {addresses: [board@a.example], members: [evan@a.example]}
system: {www: nobody@a.example}
acounts: {}
)");
  EXPECT_EQ(w.told(),
            ":3:5: an account has no \"adresses\"; did you mean \"addresses\"?\n"
            ":4:12: there is no state \"asleep\"; active or suspended\n"
            ":5:14: \"soon\" is no day; write 2026-12-31\n"
            ":6:14: there is no group \"bord\"; did you mean \"board\"?\n"
            ":7:3: the account \"EVA@A.example\" stands above already\n"
            ":9:17: eva@a.example is eva@a.example's already; an address of several belongs under shared\n"
            ":9:32: \"no-address\" is no address; write local@domain\n"
            ":9:44: \"@b.example\" stands for a whole domain: only aliases may\n"
            ":10:19: a fact is a text, not a list\n"
            ":12:3: the alias nowhere@a.example leads nowhere\n"
            ":13:3: warning: the alias tom@a.example shadows the mailbox of tom@a.example; both may send as it; mail "
            "goes where the alias leads\n"
            ":13:34: \"nobody\" is neither an address nor an account\n"
            ":14:3: \"bad\" is no address; write local@domain or \"@domain\"\n"
            ":15:50: sendable: \"perhaps\" is neither yes nor no\n"
            ":17:3: tom@a.example stands above already; it is an account's own: make the other its delegate by behalf\n"
            ":18:29: owners: there is no account \"eve@a.example\"; did you mean \"eva@a.example\"?\n"
            ":20:51: members: there is no account \"evan@a.example\"; did you mean \"eva@a.example\"?\n"
            ":21:15: system: there is no account \"nobody@a.example\"\n"
            ":22:1: the file has no \"acounts\"; did you mean \"accounts\"?\n");
}

TEST(FileDirectory, ComparesByWhatIsSeen) {          // RFC 8265
  World w("accounts:\n  e\xcc\x81va@a.example:\n");  // NFD in the file, NFC on the wire
  EXPECT_EQ(w.directory.login("\xc3\xa9va@a.example", soon()).kind, Kind::yes);
  EXPECT_EQ(w.address("\xc3\x89va@a.example").kind, Kind::yes);
  EXPECT_EQ(w.address("eva@a.example").kind, Kind::no);
  EXPECT_NE(World("accounts:\n  \"a\\u200Bb\":\n").told().find("can be no login"), std::string::npos);
}

TEST(FileDirectory, IsAMap) {
  EXPECT_EQ(World("[a, b]\n").told(), ":1:1: the file wants a map, not a list\n");
  EXPECT_EQ(World("accounts: [a]\n").told(), ":1:11: accounts wants a map, not a list\n");
  EXPECT_EQ(World("accounts: {}\n").told(), "");
}

TEST(FileDirectory, IsNotEmptiedByAFullDisk) {
  World w(kWorld);
  for (const char* empty : {"", "\n", "# accounts\n"}) {
    EXPECT_NE(World(empty).told().find("the file is empty"), std::string::npos);
    write_file(w.path, empty);
    EXPECT_EQ(w.directory.refresh().size(), 1U);
    EXPECT_EQ(w.login("eva").addresses.size(), 2U);
  }
}

TEST(FileDirectory, AnAliasThatShadowsAMailboxIsAWarning) {  // FIELD pain 7
  World w("accounts:\n  eva@a.example:\n  bob@a.example:\naliases:\n  bob@a.example: eva@a.example\n");
  EXPECT_TRUE(w.problems.usable());
  EXPECT_EQ(w.problems.all().size(), 1U);
  EXPECT_EQ(w.address("bob@a.example").record.owners, Texts{"bob@a.example"});
  EXPECT_EQ(w.address("bob@a.example").record.targets, Texts{"eva@a.example"});
}

}  // namespace
}  // namespace postern::accounts
