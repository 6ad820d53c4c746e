#include "policy/mail/address.h"

#include <random>

namespace postern {
namespace {

// "<>" for the null path, "-" for no legal shape, else local|domain or literal.
std::string parsed(std::string_view text) {
  const Path path = Path::parse(text);
  EXPECT_EQ(path.valid(), path.null || path.mailbox);
  if (path.null) return "<>";
  if (!path.mailbox) return "-";
  std::string out = path.mailbox->local + '|';
  if (path.mailbox->domain) out += path.mailbox->domain->text();
  if (path.mailbox->literal) out += '[' + path.mailbox->literal->text() + ']';
  return out;
}

TEST(Path, TakesWhatClientsWrite) {
  EXPECT_EQ(parsed("<a@b.example>"), "a|b.example");
  EXPECT_EQ(parsed("a@b.example"), "a|b.example");
  EXPECT_EQ(parsed("<First.Last+tag@B.Example>"), "First.Last+tag|b.example");
  EXPECT_EQ(parsed("<a%b!c@d.example>"), "a%b!c|d.example");
  EXPECT_EQ(parsed(" < a@b.example > "), "a|b.example");
  EXPECT_EQ(parsed("<a@b.example.>"), "a|b.example");
  EXPECT_EQ(parsed("<>"), "<>");
  EXPECT_EQ(parsed("< >"), "<>");
  EXPECT_EQ(parsed("<postmaster>"), "postmaster|");
  EXPECT_EQ(parsed("root"), "root|");
  EXPECT_EQ(parsed("<a..b.@b.example>"), "a..b.|b.example");
}

TEST(Path, UnquotesTheLocalPart) {
  EXPECT_EQ(parsed("<\"a b\"@c.example>"), "a b|c.example");
  EXPECT_EQ(parsed("<\"a\\\"b\\\\c\"@d.example>"), "a\"b\\c|d.example");
  EXPECT_EQ(parsed("<\"a@b\"@c.example>"), "a@b|c.example");
  EXPECT_EQ(parsed("<\"a>b\"@c.example>"), "a>b|c.example");
  EXPECT_EQ(parsed("<\"plain\"@c.example>"), "plain|c.example");
  EXPECT_EQ(parsed("<\"\"@c.example>"), "|c.example");
  EXPECT_EQ(Path::parse("<\"plain\"@c.example>").mailbox, Path::parse("<plain@C.example>").mailbox);
}

TEST(Path, DropsSourceRoutes) {  // RFC 5321 4.1.1.3
  EXPECT_EQ(parsed("<@relay.example:a@b.example>"), "a|b.example");
  EXPECT_EQ(parsed("<@r1.example,@r2.example:\"a b\"@b.example>"), "a b|b.example");
  EXPECT_EQ(parsed("<@[192.0.2.1],@[IPv6:2001:db8::1]:a@b.example>"), "a|b.example");
  EXPECT_EQ(parsed("<@[IPv6:2001:db8::1]:a@b.example>"), "a|b.example");
  EXPECT_EQ(parsed("<@relay.example:>"), "-");
  EXPECT_EQ(parsed("<@relay.example>"), "-");
  EXPECT_EQ(parsed("<@:a@b.example>"), "-");
  EXPECT_EQ(parsed("<@r1.example,r2.example:a@b.example>"), "-");
  EXPECT_EQ(parsed("<@[:a@b.example>"), "-");
}

TEST(Path, ReadsAddressLiterals) {  // RFC 5321 4.1.3
  EXPECT_EQ(parsed("<a@[192.0.2.1]>"), "a|[192.0.2.1]");
  EXPECT_EQ(parsed("<a@[IPv6:2001:db8::1]>"), "a|[2001:db8::1]");
  EXPECT_EQ(parsed("<a@[ipv6:::ffff:192.0.2.1]>"), "a|[192.0.2.1]");
  for (const std::string_view text :
       {"<a@[]>", "<a@[IPv6:]>", "<a@[2001:db8::1]>", "<a@[IPv6:192.0.2.1]>", "<a@[192.0.2]>", "<a@[x]>",
        "<a@[192.0.2.1>", "<a@[tag:192.0.2.1]>", "<a@192.0.2.1>", "<a@[192.0.2.1].example>"}) {
    EXPECT_EQ(parsed(text), "-") << text;
  }
}

TEST(Path, TakesInternationalMailboxes) {  // RFC 6531 3.3
  EXPECT_EQ(parsed("<θσερ@εχαμπλε.example>"), "θσερ|xn--mxahbxey0c.example");
  EXPECT_EQ(parsed("<\"ä b\"@münchen.example>"), "ä b|xn--mnchen-3ya.example");
  EXPECT_EQ(parsed("<\xff@b.example>"), "-");
  EXPECT_EQ(parsed("<\xc0\xaf@b.example>"), "-");          // overlong
  EXPECT_EQ(parsed("<\xed\xa0\x80@b.example>"), "-");      // a surrogate
  EXPECT_EQ(parsed("<\xf4\x90\x80\x80@b.example>"), "-");  // beyond U+10FFFF
  EXPECT_EQ(parsed("<\"\\\xff\"@b.example>"), "-");
}

TEST(Path, GivesTheRestACleanVerdict) {
  for (const std::string_view text :
       {"",           "<",          ">",         "<<>>",   "<a@b",    "a@b>",     "<a@>",
        "<@>",        "@",          "<a@b@c>",   "a b@c",  "<a b@c>", "<a@b c>",  "<\"a@b>",
        "<\"a\"b@c>", "<a\"b\"@c>", "<\"a\\\">", "<\"\\",  "<a,b@c>", "<(x)a@b>", "<a@b> SIZE=1",
        "<a\r\n@b>",  "<a\x7f@b>",  "<a@-.->x",  "<<a@b>>"}) {
    EXPECT_EQ(parsed(text), "-") << text;
  }
  EXPECT_EQ(parsed(std::string_view("<a\0@b>", 6)), "-");
  EXPECT_EQ(Path::parse("<a b@c>").text(), "a b@c");
  EXPECT_EQ(Path::parse("rubbish(").text(), "rubbish(");
}

TEST(Path, IsGenerousWithLengthsUpToItsCap) {
  const std::string local(900, 'x');
  EXPECT_EQ(parsed('<' + local + "@b.example>"), local + "|b.example");
  const std::string longest = '<' + std::string(1000 - 4, 'x') + "@b>";
  EXPECT_TRUE(Path::parse(longest).valid());
  const Path over = Path::parse('<' + std::string(1001 - 4, 'x') + "@b>");
  EXPECT_FALSE(over.valid());
  EXPECT_EQ(over.raw.size(), 1000u);
  EXPECT_EQ(Path::parse(std::string(1'000'000, '<')).raw.size(), 1000u);
}

TEST(Mailbox, IsWrittenAsItIsParsed) {
  EXPECT_EQ(Path::parse("<\"a b\"@C.example>").text(), "\"a b\"@c.example");
  EXPECT_EQ(Path::parse("<\"a.b\"@c.example>").text(), "a.b@c.example");
  EXPECT_EQ(Path::parse("<a..b@c.example>").text(), "\"a..b\"@c.example");
  EXPECT_EQ(Path::parse("<\"\"@c.example>").text(), "\"\"@c.example");
  EXPECT_EQ(Path::parse("<a@[ipv6:2001:DB8::1]>").text(), "a@[IPv6:2001:db8::1]");
  EXPECT_EQ(Path::parse("<a@[192.0.2.1]>").text(), "a@[192.0.2.1]");
  EXPECT_EQ(Path::parse("postmaster").text(), "postmaster");
  EXPECT_EQ(Path::parse("<>").text(), "");

  std::mt19937 random(2);  // NOLINT: the same paths in every run
  const std::string alphabet = "ab.@@<>\"\\[]:, 1\xc3\xa4\x80\n";
  int mailboxes = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (auto n = random() % 14; n > 0; --n) text += alphabet[random() % alphabet.size()];
    const Path path = Path::parse(text);
    if (!path.mailbox) continue;
    ++mailboxes;
    ASSERT_EQ(Path::parse('<' + path.mailbox->text() + '>').mailbox, path.mailbox) << text;
  }
  EXPECT_GT(mailboxes, 1000);
}

}  // namespace
}  // namespace postern
