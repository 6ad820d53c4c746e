// sender-account and recipient-account over directories; callouts have tests of their own.

#include "tests/support/fake_directory.h"
#include "tests/support/world.h"

namespace postern {
namespace {

using test::FakeDirectory;
using test::World;

class Home : public World {
 public:
  Home() : World("") {
    people->address("eva@home.example");
    people->address("tom@home.example").state = accounts::State::suspended;
    people->address("old@home.example").state = accounts::State::expired;
    people->address("info@home.example").targets = {"tom@home.example", "eva@home.example"};
    people->address("off@home.example").targets = {"tom@home.example"};
    people->address("circle@home.example").targets = {"round@home.example"};
    people->address("round@home.example").targets = {"circle@home.example"};
    people->address("away@home.example").targets = {"x@elsewhere.example"};
    people->address("eva@home.example").facts = {{"quota", "5"}};
    backends().directories = {people};
  }
  std::string rcpt(std::string_view path) { return check("recipient-account", path); }
  std::string from(std::string_view path) { return check("sender-account", path); }

  std::shared_ptr<FakeDirectory> people = std::make_shared<FakeDirectory>("people");
};

TEST(RecipientAccount, TellsWhetherThereIsSomebody) {
  Home w;
  EXPECT_EQ(w.rcpt("eva@home.example"), "accepted");
  EXPECT_EQ(w.rcpt("EVA+shop@Home.Example"), "accepted");
  EXPECT_EQ(w.rcpt("nobody@home.example"), "unknown");
  EXPECT_EQ(w.rcpt("tom@home.example"), "suspended");
  EXPECT_EQ(w.rcpt("old@home.example"), "expired");
  EXPECT_EQ(w.rcpt("a@elsewhere.example"), "none");
  EXPECT_EQ(w.rcpt("root"), "none");
  EXPECT_EQ(w.rcpt("not an address"), "none");
}

TEST(RecipientAccount, FollowsAliases) {
  Home w;
  EXPECT_EQ(w.rcpt("info@home.example"), "accepted") << "one that takes it suffices";
  EXPECT_EQ(w.rcpt("off@home.example"), "suspended");
  EXPECT_EQ(w.rcpt("away@home.example"), "accepted");
  EXPECT_EQ(w.rcpt("circle@home.example"), "over-aliased");
  w.set("recipient-account", "alias-depth", "0");
  EXPECT_EQ(w.rcpt("info@home.example"), "over-aliased");
}

TEST(RecipientAccount, TakesWhatACatchAllTakes) {
  Home w;
  w.people->address("@home.example").targets = {"eva@home.example"};
  EXPECT_EQ(w.rcpt("nobody@home.example"), "accepted");
  EXPECT_EQ(w.rcpt("tom@home.example"), "suspended") << "who is known is no stranger";
}

TEST(RecipientAccount, TellsTheFactsOfTheRecipient) {
  Home w;
  EXPECT_THAT(w.finding("recipient-account", "eva@home.example").facts,
              testing::ElementsAre(testing::Pair("quota", "5")));
}

// FAULTS T71
TEST(RecipientAccount, NeverTakesAFailureForNobody) {
  Home w;
  const auto more = std::make_shared<FakeDirectory>("more");
  more->always(accounts::Answer::unsure("down"));
  w.backends().directories.push_back(more);
  EXPECT_EQ(w.rcpt("eva@home.example"), "accepted");
  EXPECT_EQ(w.rcpt("nobody@home.example"), "unavailable");
  EXPECT_EQ(w.rcpt("tom@home.example"), "unavailable") << "the other might know him as active";
  w.lose_site_domains();
  EXPECT_EQ(w.rcpt("eva@home.example"), "unavailable");
}

TEST(RecipientAccount, AsksTheDirectoriesItNames) {
  Home w;
  w.set("recipient-account", "ask", "others");
  EXPECT_EQ(w.rcpt("nobody@home.example"), "none");
  w.backends().directories.push_back(std::make_shared<FakeDirectory>("others"));
  EXPECT_EQ(w.rcpt("eva@home.example"), "unknown");
}

TEST(SenderAccount, TellsWhetherASenderOfOursExists) {
  Home w;
  EXPECT_EQ(w.from("eva@home.example"), "accepted");
  EXPECT_EQ(w.from("nobody@home.example"), "unknown");
  EXPECT_EQ(w.from("tom@home.example"), "suspended");
  EXPECT_EQ(w.from(""), "none") << "the null reverse-path";
  EXPECT_EQ(w.from("a@elsewhere.example"), "none") << "nobody is asked unless a callout is wanted";
  w.backends().directories.clear();
  EXPECT_EQ(w.from("nobody@home.example"), "none");
}

// DESIGN: `mode: monitor` never asks strangers; FIELD 2.4: nor is anybody asked about who has logged in.
TEST(SenderAccount, AsksStrangersOnlyForMailFromOutside) {
  Home w;
  w.set("sender-account", "ask", "callout");
  EXPECT_EQ(w.from("a@elsewhere.example"), "undecided") << "asked, and the world has no such domain";
  w.direction(Direction::submission);
  EXPECT_EQ(w.from("a@elsewhere.example"), "none");
  w.direction(Direction::inbound);
  w.probe_nobody();
  EXPECT_EQ(w.from("a@elsewhere.example"), "none");
}

}  // namespace
}  // namespace postern
