#include "tests/support/fake_directory.h"
#include "tests/support/world.h"

namespace postern {
namespace {

using test::FakeDirectory;
using test::World;

// Eva and Tom of home.example; Eva acts for the boss.
class Home : public World {
 public:
  Home() : World("") {
    people->login("eva").addresses = {"eva@home.example"};
    people->login("eva").behalf = {"boss@home.example"};
    people->login("eva").facts = {{"tier", "gold"}};
    people->login("tom").state = accounts::State::suspended;
    people->address("info@home.example").targets = {"eva"};
    people->address("boss@home.example");
    backends().directories = {people};
    login("eva");
    direction(Direction::submission);
    mail_from("eva@home.example");
  }
  std::string sender(std::string_view path) { return check("identity.sender", path); }
  std::string author(std::string_view header) { return check("identity.author", header); }

  std::shared_ptr<FakeDirectory> people = std::make_shared<FakeDirectory>("people");
};

TEST(Identity, TellsWhoseTheEnvelopeSenderIs) {
  Home w;
  EXPECT_EQ(w.sender("eva@home.example"), "own");
  EXPECT_EQ(w.sender("info@home.example"), "own");
  EXPECT_EQ(w.sender("eva+shop@home.example"), "own");
  EXPECT_EQ(w.sender("boss@home.example"), "delegated");
  EXPECT_EQ(w.sender("tom@home.example"), "foreign");
  EXPECT_EQ(w.sender("eva@elsewhere.example"), "foreign");
  w.login("tom");
  EXPECT_EQ(w.sender("tom@home.example"), "suspended");
}

TEST(Identity, TellsWhoseTheAuthorsAre) {
  Home w;
  EXPECT_EQ(w.author("From: Eva <eva@home.example>"), "own");
  EXPECT_EQ(w.author("From: eva@home.example, tom@home.example"), "foreign");
  EXPECT_EQ(w.author("From: boss@home.example\nSender: eva@home.example"), "delegated");
  EXPECT_EQ(w.author("From: boss@home.example\nSender: tom@home.example"), "foreign");
  EXPECT_EQ(w.author("Subject: no From"), "malformed");
  EXPECT_EQ(w.author("From: eva@home.example\nFrom: boss@home.example"), "malformed");
  EXPECT_EQ(w.author("From: \"boss@elsewhere.example\" <eva@home.example>"), "display-name");
}

TEST(Identity, LooksAtBothAndNamesWhatIsWrong) {
  Home w;
  EXPECT_EQ(w.check("identity", "From: eva@home.example"), "own");
  w.mail_from("tom@home.example");
  const Finding wrong = w.finding("identity", "From: eva@home.example");
  EXPECT_EQ(wrong.outcome->name, "foreign");
  EXPECT_EQ(wrong.reason, "MAIL FROM tom@home.example: not of eva (people says no)");
  EXPECT_THAT(wrong.facts, testing::Contains(testing::Pair("address", "tom@home.example")));
  EXPECT_THAT(wrong.facts, testing::Contains(testing::Pair("tier", "gold")));
}

TEST(Identity, AddressesOfOursAreNobodysFromOutside) {
  Home w;
  w.login("");
  w.direction(Direction::inbound);
  EXPECT_EQ(w.sender("eva@home.example"), "unauthenticated");
  EXPECT_EQ(w.sender("a@elsewhere.example"), "none");
  EXPECT_EQ(w.sender(""), "none");
  w.mail_from("a@elsewhere.example");
  EXPECT_EQ(w.author("From: eva@home.example"), "unauthenticated");
  EXPECT_EQ(w.author("From: a@elsewhere.example\nReply-To: eva@home.example"), "none");
  w.direction(Direction::relay);
  EXPECT_EQ(w.sender("eva@home.example"), "none") << "a machine of ours";
  w.direction(Direction::inbound);
  w.lose_site_domains();
  EXPECT_EQ(w.sender("eva@home.example"), "unavailable");
}

TEST(Identity, AsksNobodyWithoutDirectories) {
  Home w;
  w.backends().directories.clear();
  EXPECT_EQ(w.sender("tom@home.example"), "none");
  EXPECT_EQ(w.author("From: tom@home.example"), "none");
}

// FAULTS T71: never foreign because nobody could tell.
TEST(Identity, IsUnavailableWhileADirectoryIsDown) {
  Home w;
  const auto shared = std::make_shared<FakeDirectory>("shared");
  shared->always(accounts::Answer::unsure("down"));
  w.backends().directories.push_back(shared);
  EXPECT_EQ(w.sender("eva@home.example"), "own") << "one yes suffices";
  EXPECT_EQ(w.sender("tom@home.example"), "unavailable");
}

TEST(Identity, TakesItsModes) {
  Home w;
  w.set("identity", "reply-to", "own");
  EXPECT_EQ(w.author("From: eva@home.example\nReply-To: tom@home.example"), "foreign");
  w.set("identity", "from", "any");
  EXPECT_EQ(w.author("From: tom@home.example"), "own");
  w.set("identity", "mail-from", "own");
  EXPECT_EQ(w.sender("boss@home.example"), "foreign");
  w.set("identity", "alignment", "domain");
  w.set("identity", "mail-from", "granted");
  EXPECT_EQ(w.sender("tom@home.example"), "granted");
}

TEST(Identity, LearnsOnlyWhereItIsToldTo) {
  Home w;
  w.sender("tom@home.example");
  EXPECT_TRUE(w.store().list(store::Space::observed_grant, "", 10).empty());
  w.set("identity", "learn", "30d");
  w.sender("tom@home.example");
  w.sender("eva@home.example");
  w.author("From: tom@home.example");
  EXPECT_EQ(w.store().list(store::Space::observed_grant, "", 10).size(), 2u);
}

TEST(Identity, KnowsTheUserOfLocalMailOnlyWhereTheMtaTellsHim) {
  Home w;
  w.login("");
  w.direction(Direction::local);
  const char* const kMail =
      "Received: by mx.home.example (Postfix, from userid 1000)\n\tid 4F2; Mon, 1 Jan 2024 00:00:00 +0000\nFrom: "
      "tom@home.example";
  EXPECT_EQ(w.author(kMail), "none");
  w.set("identity", "pickup", "received");
  EXPECT_EQ(w.author(kMail), "foreign");
}

}  // namespace
}  // namespace postern
