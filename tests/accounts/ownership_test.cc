// What an address is to a login, by what the directories say.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/accounts/identity/identity.h"
#include "tests/accounts/identity_world.h"

namespace postern::accounts {
namespace {

using test::IdentityWorld;

TEST(Ownership, IsTheLoginItselfWhereItIsAnAddress) {
  IdentityWorld world;
  EXPECT_EQ(world.from("eva@acme.example", "eva@acme.example"), "own") << "no directory knows it";
  EXPECT_EQ(world.from("EVA@ACME.example", "eva@acme.example"), "own");
  EXPECT_EQ(world.from("eva@b\xc3\xbc"
                       "cher.example",
                       "eva@xn--bcher-kva.example"),
            "own");
  EXPECT_EQ(world.from("eva@xn--bcher-kva.example",
                       "eva@b\xc3\xbc"
                       "cher.example"),
            "own");
  EXPECT_EQ(world.from("eva", "eva@acme.example"), "foreign from");
  world.options.login_domain = "Acme.example";
  EXPECT_EQ(world.from("eva", "eva@acme.example"), "own");
  EXPECT_EQ(world.from("eva@other.example", "eva@acme.example"), "foreign from");
  world.options.login_is_address = false;
  EXPECT_EQ(world.from("eva", "eva@acme.example"), "foreign from");
  EXPECT_EQ(world.from("eva@acme.example", "eva@acme.example"), "foreign from");
}

TEST(Ownership, OfAnAddressWithoutADomain) {
  IdentityWorld world;
  EXPECT_EQ(world.judge("root", "From: root"), "own");
  EXPECT_EQ(world.judge("root", "From: daemon"), "foreign from");
  EXPECT_EQ(world.judge("root@acme.example", "From: root"), "foreign from");
  world.options.login_domain = "acme.example";
  EXPECT_EQ(world.judge("root@acme.example", "From: root"), "own");
}

TEST(Ownership, ComparesNamesAsPeopleReadThem) {
  IdentityWorld world;
  world.mailboxes->login("k").addresses = {"k\xc3\xa4the@uni.example"};
  EXPECT_EQ(world.from("k", "k\xc3\xa4the@uni.example"), "own");
  EXPECT_EQ(world.from("k", "ka\xcc\x88the@uni.example"), "own") << "NFD";
  EXPECT_EQ(world.from("k", "K\xc3\x84THE@uni.example"), "own");
  EXPECT_EQ(world.from("k", "kathe@uni.example"), "foreign from");
  world.options.letters = LetterCase::exact;
  EXPECT_EQ(world.from("k", "ka\xcc\x88the@uni.example"), "own");
  EXPECT_EQ(world.from("k", "K\xc3\xa4the@uni.example"), "foreign from");
}

TEST(Ownership, JoinsWhatAllDirectoriesSay) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  world.extra->login("eva").addresses = {"press@acme.example"};
  world.mailboxes->address("press@acme.example").owners = {"tom"};  // shadows nobody
  EXPECT_EQ(world.from("eva", "eva@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "press@acme.example"), "own");
  EXPECT_EQ(world.from("tom", "press@acme.example"), "own");
  world.extra->address("press@acme.example").owners = {"EVE"};
  EXPECT_EQ(world.from("eve", "press@acme.example"), "own");
  EXPECT_EQ(world.from("kim", "press@acme.example"), "foreign from");
}

TEST(Ownership, KnowsALoginByItsOtherName) {
  IdentityWorld world;
  world.mailboxes->login("eva@acme.example").login = "e.berg";
  world.extra->address("info@acme.example").owners = {"e.berg"};
  world.extra->address("desk@acme.example").login = "E.Berg";
  EXPECT_EQ(world.from("eva@acme.example", "info@acme.example"), "own");
  EXPECT_EQ(world.from("eva@acme.example", "desk@acme.example"), "own");
}

TEST(Ownership, FollowsAliases) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  world.extra->address("info@acme.example").targets = {"tom@acme.example", "Eva@Acme.example"};
  world.extra->address("sales@acme.example").targets = {"info@acme.example"};
  world.mailboxes->address("shop@acme.example").targets = {"sales@acme.example"};
  world.extra->address("login@acme.example").targets = {"eva"};
  world.extra->address("tagged@acme.example").targets = {"eva+tag@acme.example"};
  world.extra->address("names@acme.example").addresses = {"eva@acme.example"};
  world.extra->address("tom@acme.example").owners = {"tom"};
  for (const char* address : {"info@acme.example", "sales@acme.example", "shop@acme.example", "login@acme.example",
                              "tagged@acme.example", "names@acme.example", "info+x@acme.example"})
    EXPECT_EQ(world.from("eva", address), "own") << address;
  EXPECT_EQ(world.from("eva", "tom@acme.example"), "foreign from") << "an alias leads there, too";
}

TEST(Ownership, FollowsSendableAliasesAlone) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  auto& staff = world.extra->address("staff@acme.example");
  staff.targets = {"eva@acme.example"};
  staff.sendable = false;
  world.extra->address("all@acme.example").targets = {"staff@acme.example"};
  EXPECT_EQ(world.from("eva", "staff@acme.example"), "foreign from");
  EXPECT_EQ(world.from("eva", "all@acme.example"), "foreign from") << "a chain is as sendable as its links";
  staff.owners = {"eva"};
  EXPECT_EQ(world.from("eva", "staff@acme.example"), "own") << "an owner needs no alias";
}

TEST(Ownership, EndsWhereAliasesTurnInCircles) {
  IdentityWorld world;
  world.extra->address("a@acme.example").targets = {"b@acme.example", "a@acme.example"};
  world.extra->address("b@acme.example").targets = {"c@acme.example"};
  world.extra->address("c@acme.example").targets = {"a@acme.example"};
  EXPECT_EQ(world.from("eva", "a@acme.example"), "foreign from");
  world.extra->address("c@acme.example").targets.push_back("eva");
  EXPECT_EQ(world.from("eva", "a@acme.example"), "own");
}

// `length` aliases, the last of which leads to eva.
void chain(IdentityWorld& world, int length) {
  for (int i = 1; i < length; ++i)
    world.extra->address(fmt::format("a{}@acme.example", i)).targets = {fmt::format("a{}@acme.example", i + 1)};
  world.extra->address(fmt::format("a{}@acme.example", length)).targets = {"eva"};
}

TEST(Ownership, OfALongChainIsUnsure) {
  IdentityWorld at_the_limit, beyond;
  chain(at_the_limit, 11);  // the first address, and 10 aliases that it leads to
  EXPECT_EQ(at_the_limit.from("eva", "a1@acme.example"), "own");
  EXPECT_EQ(at_the_limit.counters.get("accounts.identity.depth-capped").value(), 0);
  chain(beyond, 12);
  EXPECT_EQ(beyond.from("eva", "a1@acme.example"), "unsure from");
  EXPECT_EQ(beyond.counters.get("accounts.identity.depth-capped").value(), 1);
}

TEST(Ownership, AsksSoManyQuestionsAndNoMore) {
  IdentityWorld world;
  auto& many = world.extra->address("many@acme.example");
  for (int i = 0; i < 1000; ++i) many.targets.push_back(fmt::format("m{}@acme.example", i));
  EXPECT_EQ(world.from("eva", "many@acme.example"), "unsure from");
  EXPECT_EQ(world.mailboxes->asked() + world.extra->asked(), 200);
  EXPECT_GE(world.counters.get("accounts.identity.lookups-capped").value(), 1);
  many.targets.push_back("eva");
  EXPECT_EQ(world.from("eva", "many@acme.example"), "own") << "what the alias says itself needs no question";
}

TEST(Ownership, TakesAnExtensionOff) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example", "e.berg@acme.example"};
  EXPECT_EQ(world.from("eva", "eva+news@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "eva+a+b@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "eva+@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "EVA+News@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "+eva@acme.example"), "foreign from");
  EXPECT_EQ(world.from("eva", "eva-news@acme.example"), "foreign from");
  EXPECT_EQ(world.from("eva", "evangelina@acme.example"), "foreign from");
  EXPECT_EQ(world.from("eva", "eva+news@other.example"), "foreign from");
  world.options.delimiters = "+.";
  EXPECT_EQ(world.from("eva", "eva.news@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "e.berg.news@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "e@acme.example"), "foreign from");
  world.options.delimiters = "";
  EXPECT_EQ(world.from("eva", "eva+news@acme.example"), "foreign from");
}

TEST(Ownership, TakesNoExtensionOffAnAddressThatIsSomebodys) {
  IdentityWorld world;
  world.options.delimiters = "+.";
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  world.extra->address("eva.klein@acme.example").owners = {"ek"};
  EXPECT_EQ(world.from("eva", "eva.klein@acme.example"), "foreign from");
  EXPECT_EQ(world.from("eva", "eva.klein+x@acme.example"), "foreign from");
  EXPECT_EQ(world.from("ek", "eva.klein+x@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "eva.gross@acme.example"), "own");
}

TEST(Ownership, OfACatchAllIsOfWhatNobodyElseHas) {
  IdentityWorld world;
  world.extra->address("@shop.example").targets = {"eva"};
  world.mailboxes->address("tom@shop.example").owners = {"tom"};
  world.extra->address("@own.example").owners = {"eva"};
  EXPECT_EQ(world.from("eva", "anything@shop.example"), "own");
  EXPECT_EQ(world.from("eva", "any+thing@shop.example"), "own");
  EXPECT_EQ(world.from("eva", "any@own.example"), "own");
  world.mailboxes->login("tom").addresses = {"@all.example"};
  EXPECT_EQ(world.verdict("tom", "From: x@all.example").reason,
            "From x@all.example: own by catch-all @all.example (mailboxes)");
  EXPECT_EQ(world.from("eva", "ceo%acme.example@own.example"), "foreign from") << "it may be sent on";
  EXPECT_EQ(world.from("eva", "tom@shop.example"), "foreign from");
  EXPECT_EQ(world.from("eva", "tom+x@shop.example"), "foreign from");
  EXPECT_EQ(world.from("eva", "any@sub.shop.example"), "foreign from");
  EXPECT_EQ(world.from("kim", "anything@shop.example"), "foreign from");
}

TEST(Ownership, FollowsADomainToItsNewName) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@new.example"};
  world.mailboxes->address("tom@new.example").owners = {"tom"};
  world.extra->address("@old.example").targets = {"@new.example"};
  EXPECT_EQ(world.from("eva", "eva@old.example"), "own");
  EXPECT_EQ(world.from("eva", "eva+x@old.example"), "own");
  EXPECT_EQ(world.from("eva", "tom@old.example"), "foreign from");
  EXPECT_EQ(world.from("tom", "tom@old.example"), "own");
}

TEST(Ownership, ByGrants) {
  IdentityWorld world;
  world.extra->login("eva").grants = {"press@acme.example",
                                      "@lab.example",
                                      "shop.example",
                                      ".dept.example",
                                      "/news-[0-9]+@acme\\.example/",
                                      "group:board",
                                      "nonsense",
                                      "for:chair@acme.example",
                                      "for:.board.example"};
  const auto from = [&](const char* address) { return world.from("eva", address); };
  EXPECT_EQ(from("press@acme.example"), "granted");
  EXPECT_EQ(from("press+x@acme.example"), "granted");
  EXPECT_EQ(from("x@lab.example"), "granted");
  EXPECT_EQ(from("x@sub.lab.example"), "foreign from");
  EXPECT_EQ(from("x@shop.example"), "granted");
  EXPECT_EQ(from("x@dept.example"), "granted");
  EXPECT_EQ(from("x@a.dept.example"), "granted");
  EXPECT_EQ(from("x@adept.example"), "foreign from");
  EXPECT_EQ(from("news-7@acme.example"), "granted");
  EXPECT_EQ(from("news-@acme.example"), "foreign from");
  EXPECT_EQ(from("x.news-7@acme.example"), "foreign from") << "the whole address";
  EXPECT_EQ(from("x@board"), "foreign from");
  EXPECT_EQ(from("x@nonsense"), "foreign from");
  EXPECT_EQ(from("chair@acme.example"), "delegated no-sender");
  EXPECT_EQ(from("chair+x@acme.example"), "delegated no-sender");
  EXPECT_EQ(from("x@sub.board.example"), "delegated no-sender");
  EXPECT_GT(world.counters.get("accounts.identity.bad-grants").value(), 0);
  world.extra->login("root").grants = {"*"};
  EXPECT_EQ(world.from("root", "ceo@anything.example"), "granted");
}

TEST(Ownership, OfAGrantedAddressIsNotOfItsLongerOnes) {
  IdentityWorld world;
  world.extra->login("eva").grants = {"press@acme.example"};
  world.mailboxes->address("press+chief@acme.example").owners = {"tom"};
  EXPECT_EQ(world.from("eva", "press+chief@acme.example"), "foreign from");
}

TEST(Ownership, ByDelegation) {
  IdentityWorld world;
  world.extra->address("chair@acme.example").delegates = {"Eva"};
  world.extra->login("eva").behalf = {"dean@uni.example", "@faculty.example"};
  EXPECT_EQ(world.from("eva", "chair@acme.example"), "delegated no-sender");
  EXPECT_EQ(world.from("eva", "chair+x@acme.example"), "delegated no-sender");
  EXPECT_EQ(world.from("eva", "dean@uni.example"), "delegated no-sender");
  EXPECT_EQ(world.from("eva", "x@faculty.example"), "delegated no-sender");
  EXPECT_EQ(world.from("tom", "chair@acme.example"), "foreign from");
  world.mailboxes->address("chair@acme.example").owners = {"eva"};
  EXPECT_EQ(world.from("eva", "chair@acme.example"), "own") << "more than acting for it";
}

TEST(Ownership, ByAlignment) {
  IdentityWorld world;
  const auto from = [&](const char* address) { return world.from("eva@mail.acme.co.uk", address); };
  EXPECT_EQ(from("x@mail.acme.co.uk"), "foreign from");
  world.options.alignment = Alignment::domain;
  EXPECT_EQ(from("eva@mail.acme.co.uk"), "own");
  EXPECT_EQ(from("x@mail.acme.co.uk"), "granted");
  EXPECT_EQ(from("x@acme.co.uk"), "foreign from");
  world.options.alignment = Alignment::org_domain;
  EXPECT_EQ(from("x@acme.co.uk"), "granted");
  EXPECT_EQ(from("x@shop.acme.co.uk"), "granted");
  EXPECT_EQ(from("x@other.co.uk"), "foreign from");
  EXPECT_EQ(from("x@co.uk"), "foreign from");
  world.options.from = MemberMode::own;
  EXPECT_EQ(from("x@acme.co.uk"), "foreign from");
}

TEST(Accounts, ThatAreSwitchedOffAnywhereAreSwitchedOff) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  world.extra->login("eva").state = State::suspended;
  world.mailboxes->login("tom").state = State::expired;
  world.extra->login("tom").addresses = {"tom@acme.example"};
  EXPECT_EQ(world.from("eva", "eva@acme.example"), "suspended");
  EXPECT_EQ(world.from("eva", "ceo@acme.example"), "suspended");
  EXPECT_EQ(world.at_mail("tom", "<tom@acme.example>"), "expired");
  EXPECT_EQ(world.verdict("eva", "From: x").reason, "eva is suspended (extra)");
  world.mailboxes->always(Answer::unsure("down"));
  EXPECT_EQ(world.from("eva", "eva@acme.example"), "suspended");
}

TEST(Accounts, AreKnownWhereADirectoryKnowsThem) {
  IdentityWorld world;
  world.extra->login("eva");
  EXPECT_TRUE(world.verdict("eva", "From: a@b.example").known);
  EXPECT_FALSE(world.verdict("tom", "From: a@b.example").known);
}

// What `mailboxes` and `extra` say of an address that is granted, owned by its record, aliased, or nobody's.
TEST(Doubt, IsNeverARefusal) {
  enum Which { kMailboxes = 1, kExtra = 2, kOfAddresses = 4 };
  struct Row {
    int down;
    const char *own, *granted, *aliased, *delegated, *nobodys;
  };
  constexpr Row kRows[] = {
      {0, "own", "granted", "own", "delegated no-sender", "foreign from"},
      {kMailboxes, "unsure from", "granted", "unsure from", "delegated no-sender", "unsure from"},
      {kExtra, "own", "unsure from", "unsure from", "unsure from", "unsure from"},
      {kMailboxes | kExtra, "unsure from", "unsure from", "unsure from", "unsure from", "unsure from"},
      {kMailboxes | kOfAddresses, "own", "granted", "own", "delegated no-sender", "unsure from"},
      {kExtra | kOfAddresses, "own", "granted", "unsure from", "unsure from", "unsure from"},
      {kMailboxes | kExtra | kOfAddresses, "own", "granted", "unsure from", "unsure from", "unsure from"},
  };
  for (const Row& row : kRows) {
    IdentityWorld world;
    world.mailboxes->login("eva").addresses = {"eva@acme.example"};
    world.extra->login("eva").grants = {"press@acme.example"};
    world.extra->address("info@acme.example").targets = {"eva@acme.example"};
    world.extra->address("chair@acme.example").delegates = {"eva"};
    const auto down = [&](test::FakeDirectory& directory) {
      if ((row.down & kOfAddresses) != 0)
        directory.always_of_addresses(Answer::unsure("down"));
      else
        directory.always(Answer::unsure("down"));
    };
    if ((row.down & kMailboxes) != 0) down(*world.mailboxes);
    if ((row.down & kExtra) != 0) down(*world.extra);
    EXPECT_EQ(world.from("eva", "eva@acme.example"), row.own) << row.down;
    EXPECT_EQ(world.from("eva", "press@acme.example"), row.granted) << row.down;
    EXPECT_EQ(world.from("eva", "info@acme.example"), row.aliased) << row.down;
    EXPECT_EQ(world.from("eva", "chair@acme.example"), row.delegated) << row.down;
    EXPECT_EQ(world.from("eva", "ceo@acme.example"), row.nobodys) << row.down;
  }
}

TEST(Doubt, GivesWayToWhatIsCertain) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  world.mailboxes->address("tom@acme.example").owners = {"tom"};
  world.extra->always(Answer::unsure("down"));
  EXPECT_EQ(world.judge("eva", "From: eva@acme.example, tom@acme.example"), "unsure from");
  EXPECT_EQ(world.judge("eva", "From: eva@acme.example\nFrom: tom@acme.example"), "malformed from");
  EXPECT_EQ(world.judge("eva", "From: \"tom@acme.example\" <eva@acme.example>"), "own") << "no flag without knowledge";
}

TEST(Doubt, MeetsWhoNeverAnswersSuchThings) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  world.extra->always(Answer{});
  EXPECT_EQ(world.from("eva", "eva@acme.example"), "own");
  EXPECT_EQ(world.from("eva", "ceo@acme.example"), "foreign from");
  EXPECT_EQ(world.verdict("eva", "From: ceo@acme.example").reason,
            "From ceo@acme.example: not of eva (mailboxes says no)");
}

TEST(Doubt, OfAnExtensionIsDoubt) {
  IdentityWorld world;
  world.mailboxes->login("eva").addresses = {"eva@acme.example"};
  world.extra->always_of_addresses(Answer::unsure("down"));
  EXPECT_EQ(world.from("eva", "eva+x@acme.example"), "unsure from") << "it may be somebody's own address";
}

TEST(Rules, WithoutADirectoryKnowTheLoginAlone) {
  const IdentityRules rules({}, {}, nullptr);
  const Path mail_from = Path::parse("<eva@acme.example>");
  EXPECT_EQ(rules.check({"eva@acme.example", &mail_from, nullptr}, test::soon()).identity, Identity::own);
  EXPECT_EQ(rules.check({"tom@acme.example", &mail_from, nullptr}, test::soon()).identity, Identity::foreign);
}

}  // namespace
}  // namespace postern::accounts
