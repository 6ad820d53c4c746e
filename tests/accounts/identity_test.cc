// Which address of a message decides, and what its fields may look like.

#include "policy/accounts/identity/identity.h"

#include <gtest/gtest.h>

#include "tests/accounts/identity_world.h"
#include "tests/support/from_forgeries.h"

namespace postern::accounts {
namespace {

using test::IdentityWorld;

struct Row {
  const char* mail_from;  ///< null: not told
  const char* header;
  const char* outcome;
};

// eva@acme.example hands in. She acts for chair@acme.example, and may be press@acme.example.
constexpr Row kRows[] = {
    // Whole messages.
    {"eva@acme.example", "From: eva@acme.example", "own"},
    {"<eva@acme.example>", "From: Eva Berg <eva@acme.example>", "own"},
    {"eva@acme.example", "From: \"Berg, Eva\" <eva@acme.example>", "own"},
    {"press@acme.example", "From: eva@acme.example", "granted"},
    {"eva@acme.example", "From: press@acme.example", "granted"},
    {"ceo@acme.example", "From: eva@acme.example", "foreign mail-from"},
    {"eva@acme.example", "From: ceo@acme.example", "foreign from"},
    {"ceo@acme.example", "From: ceo@acme.example", "foreign mail-from"},
    {"eva@acme.example", "From: eva@acme.example\nSender: ceo@acme.example", "foreign sender"},
    {"eva@acme.example", "From: eva@acme.example\nReply-To: ceo@acme.example", "own"},
    {"eva@acme.example", "From: eva@acme.example\nReply-To: <<<", "own"},
    {"eva@acme.example", "From: eva@acme.example\nTo: ceo@acme.example\nCc: x@y.example", "own"},
    // The envelope.
    {"<>", "From: eva@acme.example", "own"},
    {"<>", "From: ceo@acme.example", "foreign from"},
    {"<>", "From: <>", "malformed from"},
    {"<>", "Subject: x", "malformed from"},
    {"<@relay.example:eva@acme.example>", "From: eva@acme.example", "own"},
    {"<@eva.example:ceo@acme.example>", "From: eva@acme.example", "foreign mail-from"},
    {"<\"eva\"@acme.example>", "From: eva@acme.example", "own"},
    {"<\"e\\va\"@acme.example>", "From: eva@acme.example", "own"},
    {"<EVA@ACME.EXAMPLE>", "From: eva@acme.example", "own"},
    {"<eva@acme.example.>", "From: eva@acme.example", "own"},
    {"<eva acme.example>", "From: eva@acme.example", "malformed mail-from"},
    {"<eva@acme.example", "From: eva@acme.example", "malformed mail-from"},
    {"<eva@@acme.example>", "From: eva@acme.example", "malformed mail-from"},
    {"eva", "From: eva@acme.example", "foreign mail-from"},
    {"eva@[192.0.2.1]", "From: eva@acme.example", "foreign mail-from"},
    {"eva@sub.acme.example", "From: eva@acme.example", "foreign mail-from"},
    {"eva@acme.example.evil.example", "From: eva@acme.example", "foreign mail-from"},
    {"eva+news@acme.example", "From: eva@acme.example", "own"},
    // The From field.
    {nullptr, "From: eva@acme.example (Eva)", "own"},
    {nullptr, "From: (Eva) eva@acme.example", "own"},
    {nullptr, "From: Eva\n <eva@acme.example>", "own"},
    {nullptr, "From: =?utf-8?q?Eva_Berg?= <eva@acme.example>", "own"},
    {nullptr, "From: =?utf-8?b?RXZh?= <eva@acme.example>", "own"},
    {nullptr, "From: \"eva\"@acme.example", "own"},
    {nullptr, "From: <\"e\\va\"@acme.example>", "own"},
    {nullptr, "From: Eva@Acme.Example", "own"},
    {nullptr, "FROM: eva@acme.example", "own"},
    {nullptr, "From : eva@acme.example", "own"},
    {nullptr, "From: , eva@acme.example,", "own"},
    {nullptr, "From: Acme: eva@acme.example;", "own"},
    {nullptr, "From: eva@acme.example, eva.berg@acme.example", "own"},
    {nullptr, "From: eva@acme.example, press@acme.example", "granted"},
    {nullptr, "From: eva@acme.example, ceo@acme.example", "foreign from"},
    {nullptr, "From: ceo@acme.example, eva@acme.example", "foreign from"},
    {nullptr, "From: Acme: eva@acme.example, ceo@acme.example;", "foreign from"},
    {nullptr, "From: ceo@acme.example, <eva@acme.example>", "foreign from"},
    {nullptr, "From: <ceo@acme.example>(x),(y)<eva@acme.example>", "foreign from"},
    {nullptr, "From: eva@acme.example\nFrom: eva@acme.example", "malformed from"},
    {nullptr, "From: eva@acme.example\nFrom: ceo@acme.example", "malformed from"},
    {nullptr, "From: ceo@acme.example\nfrom : eva@acme.example", "malformed from"},
    {nullptr, "Subject: no author", "malformed from"},
    {nullptr, "Sender: eva@acme.example", "malformed from"},
    {nullptr, "From:", "malformed from"},
    {nullptr, "From: Acme:;", "malformed from"},
    {nullptr, "From: Acme:;, eva@acme.example", "own"},
    {nullptr, "From: eva", "foreign from"},
    {nullptr, "From: Eva Berg", "malformed from"},
    {nullptr, "From: eva@[192.0.2.1]", "foreign from"},
    {nullptr, "From: <eva@acme.example", "malformed from"},
    {nullptr, "From: eva@acme.example>", "malformed from"},
    {nullptr, "From: \"Eva <eva@acme.example>", "malformed from"},
    {nullptr, "From: Eva (boss <eva@acme.example>", "malformed from"},
    {nullptr, "From: <ceo@acme.example> <eva@acme.example>", "malformed from"},
    {nullptr, "From: ceo@acme.example <eva@acme.example>", "malformed from shows ceo@acme.example"},
    {nullptr, "From: eva@acme.example <eva@acme.example>", "own"},
    {nullptr, "From: <@evil.example:eva@acme.example>", "malformed from"},
    {nullptr, "From: <eva(x)@acme.example>", "malformed from"},
    {nullptr, "From: <eva@(ceo@acme.example)acme.example>", "malformed from"},
    {nullptr, "From: =?utf-8?q?eva=40acme.example?=", "malformed from"},
    {nullptr, "From: =?utf-8?q?eva?=@acme.example", "malformed from"},
    {nullptr, "From: eva@acme.example\x01", "malformed from"},
    {nullptr, "From: eva@acme.example; ceo@acme.example", "malformed from"},
    {nullptr, "From: Acme: eva@acme.example", "malformed from"},
    // What only looks like it.
    {nullptr, "From: <\xd0\xb5va@acme.example>", "foreign from"},  // Cyrillic е
    {nullptr, "From: <ev\xd0\xb0@acme.example>", "foreign from"},  // Cyrillic а
    {nullptr,
     "From: <eva@\xd0\xb0"
     "cme.example>",
     "foreign from"},                                                               // … in the domain
    {nullptr, "From: <eva@xn--cme-8cd.example>", "foreign from"},                   // … as an A-label
    {nullptr, "From: <\xce\xb5va@acme.example>", "foreign from"},                   // Greek ε
    {nullptr, "From: <\xd0\x95VA@acme.example>", "foreign from"},                   // Cyrillic Е
    {nullptr, "From: <ev\xc3\xa1@acme.example>", "foreign from"},                   // á
    {nullptr, "From: <ev\xc9\x91@acme.example>", "foreign from"},                   // ɑ
    {nullptr, "From: <\xef\xbd\x85\xef\xbd\x96\xef\xbd\x81@acme.example>", "own"},  // full width: RFC 8265 3.3
    {nullptr, "From: <eva@\xef\xbd\x81\xef\xbd\x83me.example>", "own"},             // … UTS 46
    {nullptr, "From: <\xf0\x9d\x90\x9eva@acme.example>", "foreign from"},           // mathematical e
    {nullptr, "From: <ev\xc2\xaa@acme.example>", "foreign from"},                   // ª
    {nullptr, "From: <e\xe2\x80\x8bva@acme.example>", "malformed from"},            // ZWSP
    {nullptr, "From: <e\xe2\x80\x8dva@acme.example>", "malformed from"},            // ZWJ
    {nullptr,
     "From: <\xe2\x80\xae"
     "ave@acme.example>",
     "malformed from"},                                                   // RLO
    {nullptr, "From: <e\xef\xbb\xbfva@acme.example>", "malformed from"},  // BOM
    {nullptr, "From: <e\xc2\xadva@acme.example>", "foreign from"},        // soft hyphen
    {nullptr, "From: <eva\xef\xb8\x8f@acme.example>", "foreign from"},    // variation selector
    {nullptr, "From: <eva\xe3\x85\xa4@acme.example>", "foreign from"},    // Hangul filler
    {nullptr, "From: <\"eva \"@acme.example>", "foreign from"},
    {nullptr, "From: <eva.@acme.example>", "foreign from"},
    {nullptr, "From: <\"eva@acme.example\"@evil.example>", "foreign from"},
    {nullptr, "From: <acme.example!eva@evil.example>", "foreign from"},
    {nullptr, "From: <eva%acme.example@evil.example>", "foreign from"},
    // Display names.
    {nullptr, "From: \"ceo@acme.example\" <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: \"The CEO (ceo@acme.example)\" <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: \"<ceo@acme.example>\" <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: =?utf-8?q?ceo=40acme.example?= <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: =?utf-8?b?Y2VvQGFjbWUuZXhhbXBsZQ==?= <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: eva@acme.example (ceo@acme.example)", "own shows ceo@acme.example"},
    {nullptr,
     "From: \"ceo\xef\xbc\xa0"
     "acme.example\" <eva@acme.example>",
     "own shows ceo@acme.example"},
    {nullptr, "From: \"ceo\xe2\x80\x8b@acme.example\" <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: \"'ceo@acme.example'\" <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: \"eva@acme.example ceo@acme.example\" <eva@acme.example>", "own shows ceo@acme.example"},
    {nullptr, "From: \"ceo@acme.example\": eva@acme.example;", "own shows ceo@acme.example"},
    {nullptr, "From: \"ceo@acme.example\":;, eva@acme.example", "own shows ceo@acme.example"},
    {nullptr, "From: \"eva@acme.example\" <eva@acme.example>", "own"},
    {nullptr, "From: \"eva.berg@acme.example\" <eva@acme.example>", "own"},
    {nullptr, "From: \"press@acme.example\" <eva@acme.example>", "own"},
    {nullptr, "From: \"Eva @ Acme\" <eva@acme.example>", "own"},
    {nullptr, "From: \"@eva\" <eva@acme.example>", "own"},
    {nullptr, "From: \"ceo@acme.example\" <tom@acme.example>", "foreign from shows ceo@acme.example"},
    // Acting for somebody (RFC 5322 3.6.2).
    {nullptr, "From: chair@acme.example\nSender: eva@acme.example", "delegated"},
    {nullptr, "From: chair@acme.example", "delegated no-sender"},
    {"eva@acme.example", "From: chair@acme.example\nSender: eva@acme.example", "delegated"},
    {"chair@acme.example", "From: chair@acme.example\nSender: eva@acme.example", "delegated"},
    {"chair@acme.example", "From: eva@acme.example", "delegated"},
    {nullptr, "From: chair@acme.example\nSender: press@acme.example", "delegated"},
    {nullptr, "From: chair@acme.example\nSender: chair@acme.example", "foreign sender"},
    {nullptr, "From: chair@acme.example\nSender: ceo@acme.example", "foreign sender"},
    {nullptr, "From: chair@acme.example, eva@acme.example\nSender: eva@acme.example", "delegated"},
    {nullptr, "From: chair@acme.example, eva@acme.example", "delegated no-sender"},
    {nullptr, "From: chair@acme.example, ceo@acme.example\nSender: eva@acme.example", "foreign from"},
    {nullptr, "From: chair@acme.example\nSender: eva@acme.example, tom@acme.example", "malformed sender"},
    {nullptr, "From: chair@acme.example\nSender: eva@acme.example\nSender: eva@acme.example", "malformed sender"},
    {nullptr, "From: chair@acme.example\nSender:", "malformed sender"},
    {nullptr, "From: chair@acme.example\nSender: g: eva@acme.example;", "malformed sender"},
    {nullptr, "From: chair@acme.example\nSender: <eva@acme.example", "malformed sender"},
    // Sent on (RFC 5322 3.6.6).
    {nullptr, "Resent-From: eva@acme.example\nFrom: eva@acme.example", "own"},
    {nullptr, "Resent-From: eva@acme.example\nFrom: ceo@acme.example", "foreign from"},
    {nullptr, "Resent-From: ceo@acme.example\nFrom: eva@acme.example", "foreign resent-from"},
    {nullptr, "Resent-From: eva@acme.example, ceo@acme.example\nFrom: eva@acme.example", "foreign resent-from"},
    {nullptr, "Resent-Sender: ceo@acme.example\nResent-From: eva@acme.example\nFrom: eva@acme.example",
     "foreign resent-sender"},
    {nullptr, "Resent-Date: x\nFrom: eva@acme.example", "malformed resent-from"},
    {nullptr, "Resent-Date: x\nX: y\nResent-From: eva@acme.example\nFrom: eva@acme.example", "malformed resent-from"},
    {nullptr, "Resent-From: <\nFrom: eva@acme.example", "malformed resent-from"},
    {nullptr, "Resent-From:\nFrom: eva@acme.example", "malformed resent-from"},
    {nullptr, "Resent-From: eva@acme.example\nResent-Sender: eva@acme.example, x@y.example\nFrom: eva@acme.example",
     "malformed resent-sender"},
    // … more than once: the older blocks are others'.
    {nullptr, "Resent-From: eva@acme.example\nResent-From: ceo@acme.example\nFrom: eva@acme.example", "own"},
    {nullptr, "Resent-From: ceo@acme.example\nResent-From: eva@acme.example\nFrom: eva@acme.example",
     "foreign resent-from"},
    {nullptr,
     "Resent-Date: x\nResent-From: eva@acme.example\nReceived: y\nResent-Sender: ceo@acme.example\nResent-From: "
     "ceo@acme.example\nFrom: eva@acme.example",
     "own"},
};

void fill(IdentityWorld& world) {
  auto& eva = world.mailboxes->login("eva@acme.example");
  eva.addresses = {"eva@acme.example", "eva.berg@acme.example"};
  eva.grants = {"press@acme.example", "for:chair@acme.example"};
  for (const std::string address : {"eva@acme.example", "ceo@acme.example", "tom@acme.example", "chair@acme.example"})
    world.mailboxes->address(address).owners = {address};
}

TEST(Identity, OfEveryAddressThatAMessageShows) {
  IdentityWorld world;
  fill(world);
  for (const Row& row : kRows) {
    const std::string outcome = row.mail_from == nullptr ? world.judge("eva@acme.example", row.header)
                                                         : world.judge("eva@acme.example", row.mail_from, row.header);
    EXPECT_EQ(outcome, row.outcome) << (row.mail_from == nullptr ? "" : row.mail_from) << "\n" << row.header;
  }
}

TEST(Identity, IsJudgedAtMailWithoutAHeader) {
  IdentityWorld world;
  fill(world);
  EXPECT_EQ(world.at_mail("eva@acme.example", "<eva@acme.example>"), "own");
  EXPECT_EQ(world.at_mail("eva@acme.example", "<press@acme.example>"), "granted");
  EXPECT_EQ(world.at_mail("eva@acme.example", "<ceo@acme.example>"), "foreign mail-from");
  EXPECT_EQ(world.at_mail("eva@acme.example", "<>"), "own") << "From tells";
  world.options.from = MemberMode::any;
  EXPECT_EQ(world.at_mail("eva@acme.example", "<>"), "foreign mail-from") << "nothing would tell";
}

TEST(Identity, HasAModeForEachMember) {
  IdentityWorld world;
  fill(world);
  const auto judge = [&](const char* header) { return world.judge("eva@acme.example", header); };
  world.options.from = MemberMode::own;
  EXPECT_EQ(judge("From: eva@acme.example"), "own");
  EXPECT_EQ(judge("From: press@acme.example"), "foreign from") << "granted is not own";
  EXPECT_EQ(judge("From: chair@acme.example\nSender: eva@acme.example"), "foreign from");
  world.options.from = MemberMode::any;
  EXPECT_EQ(judge("From: ceo@acme.example"), "own");
  EXPECT_EQ(judge("From: <"), "malformed from");
  world.options.from = MemberMode::ignore;
  EXPECT_EQ(judge("From: <"), "own");
  EXPECT_EQ(judge("From: x@y.example\nSender: ceo@acme.example"), "foreign sender");
  world.options.sender = MemberMode::any;
  EXPECT_EQ(judge("From: x@y.example\nSender: ceo@acme.example"), "own");
  world.options.from = MemberMode::granted;
  EXPECT_EQ(judge("From: chair@acme.example\nSender: ceo@acme.example"), "foreign sender") << "who acts must be told";
  world.options.reply_to = MemberMode::granted;
  EXPECT_EQ(judge("From: eva@acme.example\nReply-To: press@acme.example"), "granted");
  EXPECT_EQ(judge("From: eva@acme.example\nReply-To: ceo@acme.example"), "foreign reply-to");
  EXPECT_EQ(judge("From: eva@acme.example\nReply-To: <"), "malformed reply-to");
  world.options.resent = MemberMode::any;
  EXPECT_EQ(judge("Resent-From: ceo@acme.example\nFrom: eva@acme.example"), "own");
}

TEST(Identity, OfAMessageSentOnMayLeaveItsAuthor) {
  IdentityWorld world;
  fill(world);
  world.options.resent_frees_from = true;
  const auto judge = [&](const char* header) { return world.judge("eva@acme.example", header); };
  EXPECT_EQ(judge("Resent-From: eva@acme.example\nFrom: ceo@acme.example\nSender: x@y.example"), "own");
  EXPECT_EQ(judge("Resent-From: tom@acme.example\nFrom: ceo@acme.example"), "foreign resent-from");
  EXPECT_EQ(judge("Resent-From: chair@acme.example\nFrom: ceo@acme.example"), "foreign from") << "acts, is not";
  EXPECT_EQ(judge("Resent-From: eva@acme.example\nFrom: <"), "malformed from");
  EXPECT_EQ(judge("From: ceo@acme.example"), "foreign from");
}

TEST(Identity, SaysWhyForTheLog) {
  IdentityWorld world;
  fill(world);
  const auto why = [&](std::string_view header) { return world.verdict("eva@acme.example", header).reason; };
  EXPECT_EQ(why("From: ceo@acme.example"), "From ceo@acme.example: not of eva@acme.example (mailboxes, extra say no)");
  EXPECT_EQ(why("From: press@acme.example"), "From press@acme.example: granted by press@acme.example (mailboxes)");
  EXPECT_EQ(why("From: eva@acme.example"), "From eva@acme.example: own by login");
  EXPECT_EQ(why("From: a@b.example <eva@acme.example>"),
            "From another address as display name: a@b.example <eva@acme.example>");
  EXPECT_EQ(why("From: <x\x1b[2J@y.example"), "From a control byte: <x\\x1b[2J@y.example");
  world.extra->always(Answer::unsure("no route to host"));
  EXPECT_EQ(why("From: ceo@acme.example"),
            "From ceo@acme.example: not known whether of eva@acme.example (extra: no route to host)");
}

// eve@evil.example hands them in; whoever is seen as somebody else must not pass.
TEST(Identity, OfForgeriesIsNeverTheForgers) {
  IdentityWorld world;
  for (const test::Forgery& forgery : test::kForgeries) {
    const Verdict verdict = world.verdict("eve@evil.example", forgery.header);
    EXPECT_TRUE(verdict.identity >= Identity::foreign || verdict.display_name) << forgery.header;
  }
  EXPECT_EQ(world.judge("eve@evil.example", "From: BOSS@LEGIT.EXAMPLE"), "foreign from");
}

// A filter as others are: what stands in the last angle brackets of the last From field is compared.
TEST(Identity, OfForgeriesWouldPassWithACarelessComparison) {
  int passed = 0;
  for (const test::Forgery& forgery : test::kForgeries) {
    std::string found;
    for (const HeaderField& field : test::fields_of(forgery.header)) {
      if (!field.is("From")) continue;
      const std::size_t open = field.value.rfind('<');
      found = open == std::string::npos ? field.value
                                        : field.value.substr(open + 1, field.value.find('>', open) - open - 1);
    }
    if (forgery.outcome != std::string_view("ok") && trim(found) == "eve@evil.example") ++passed;
  }
  EXPECT_GT(passed, 15);
}

TEST(OurDomains, AreFoundInEachMember) {
  const auto uses = [](std::string_view mail_from, std::string_view header) {
    const Path path = Path::parse(mail_from);
    const HeaderAddresses addresses = read_addresses(test::fields_of(header));
    std::string out;
    for (const OurUse& use :
         uses_our_domain(&path, &addresses, [](const Domain& d) { return d.text() == "acme.example"; }))
      out += std::string(name(use.member)) + "=" + use.address + " ";
    return out;
  };
  EXPECT_EQ(uses("a@b.example", "From: a@b.example"), "");
  EXPECT_EQ(uses("eva@acme.example", "From: a@b.example"), "mail-from=eva@acme.example ");
  EXPECT_EQ(uses("a@b.example", "From: a@b.example, ceo@ACME.example, eva@acme.example"), "from=ceo@acme.example ");
  EXPECT_EQ(uses("<>", "Sender: x@acme.example\nReply-To: y@acme.example\nResent-From: z@acme.example"),
            "sender=x@acme.example resent-from=z@acme.example reply-to=y@acme.example ");
  EXPECT_EQ(uses("eva@sub.acme.example", "From: <"), "");
}

}  // namespace
}  // namespace postern::accounts
