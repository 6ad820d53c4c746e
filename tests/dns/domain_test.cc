#include "policy/dns/domain.h"

#include <random>

namespace postern {
namespace {

std::string parsed(std::string_view text) {
  const auto domain = Domain::parse(text);
  return domain ? domain->text() : "-";
}

TEST(Domain, KeepsNamesInOneForm) {
  EXPECT_EQ(parsed("Example.ORG"), "example.org");
  EXPECT_EQ(parsed("example.org."), "example.org");
  EXPECT_EQ(parsed("localhost"), "localhost");
  EXPECT_EQ(parsed("_dmarc.example"), "_dmarc.example");
  EXPECT_EQ(parsed("r3---sn-4g5e.example"), "r3---sn-4g5e.example");
  EXPECT_EQ(parsed("1.2.3"), "1.2.3");
}

TEST(Domain, WritesUnicodeAsALabels) {
  EXPECT_EQ(parsed("münchen.example"), "xn--mnchen-3ya.example");
  EXPECT_EQ(parsed("MÜNCHEN.example."), "xn--mnchen-3ya.example");
  EXPECT_EQ(parsed("mu\u0308nchen.example"), "xn--mnchen-3ya.example");  // decomposed
  EXPECT_EQ(parsed("straße.example"), "xn--strae-oqa.example");          // UTS #46 non-transitional
  EXPECT_EQ(parsed("例え。テスト"), "xn--r8jz45g.xn--zckzah");           // ideographic full stop
  EXPECT_EQ(Domain::parse("xn--mnchen-3ya.example"), Domain::parse("München.example"));
}

TEST(Domain, RefusesWhatIsNoName) {
  for (const std::string_view text : {"",
                                      ".",
                                      "..",
                                      "a..b",
                                      ".a",
                                      "a..",
                                      "a b",
                                      "a@b",
                                      "[192.0.2.1]",
                                      "192.0.2.1",
                                      "192.0.2.1.",
                                      "２５５.0.0.1",
                                      "a/b",
                                      "a:b",
                                      "*.example",
                                      "a\tb",
                                      "a\n",
                                      "ex\u200bample.o\u202erg",
                                      "\xff.example",
                                      "xn--\xc3\x28.example",
                                      "a\\.b",
                                      "é@b"}) {
    EXPECT_EQ(parsed(text), "-") << text;
  }
  EXPECT_EQ(parsed(std::string_view("a\0b", 3)), "-");
}

TEST(Domain, CanBeAnyNameThatDnsCarries) {
  const auto any = [](std::string_view text) {
    const auto domain = Domain::any_name(text);
    return domain ? domain->text() : "-";
  };
  EXPECT_EQ(Domain::any_name("Mail.Example"), Domain::parse("mail.example"));
  EXPECT_EQ(any("foo:bar/baz.example"), "foo:bar/baz.example");
  EXPECT_EQ(any("two\\032words.example"), "two\\032words.example");
  EXPECT_EQ(any("\\097\\.b.example"), "a\\.b.example") << "in its one form";
  EXPECT_EQ(any("a b\xff\n.example"), "a\\032b\\255\\010.example");
  EXPECT_EQ(any("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(any(std::string(63, 'a')), std::string(63, 'a'));
  for (const std::string& text : {std::string(), std::string("."), std::string("a..b"), std::string(".a"),
                                  std::string("a."), std::string("a\\"), std::string(64, 'a')})
    EXPECT_EQ(any(text), "-") << text;
}

TEST(Domain, StopsAtTheLengthsOfRfc1035) {
  const std::string label(63, 'a');
  EXPECT_EQ(parsed(label), label);
  EXPECT_EQ(parsed(label + "a"), "-");
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');  // 253 bytes
  EXPECT_EQ(parsed(longest), longest);
  EXPECT_EQ(parsed(longest + "."), longest);
  EXPECT_EQ(parsed(longest + "a"), "-");
  EXPECT_EQ(parsed(std::string(100'000, 'a')), "-");
  std::string wide;
  for (int i = 0; i < 50'000; ++i) wide += "ü";
  EXPECT_EQ(parsed(wide), "-");
}

TEST(Domain, KnowsItsTree) {
  const Domain name = *Domain::parse("a.b.example");
  EXPECT_EQ(name.labels(), (std::vector<std::string_view>{"a", "b", "example"}));
  EXPECT_TRUE(name.is_within(*Domain::parse("b.example")));
  EXPECT_TRUE(name.is_within(name));
  EXPECT_FALSE(name.is_within(*Domain::parse("c.example")));
  EXPECT_FALSE(Domain::parse("ab.example")->is_within(*Domain::parse("b.example")));
  EXPECT_FALSE(Domain::parse("example")->is_within(name));
  EXPECT_EQ(name.parent()->text(), "b.example");
  EXPECT_FALSE(Domain::parse("example")->parent());
  EXPECT_FALSE(Domain::parse("1.192.0.2.1")->parent());  // what is left has the form of an address
}

TEST(Domain, IsTheSameWhenParsedAgain) {
  std::mt19937 random(1);  // NOLINT: the same names in every run
  const std::string alphabet = "aZ0-_. @\xc3\xa4\xe3\x82\x82\x80\xffxn";
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto n = random() % 20; n > 0; --n) text += alphabet[random() % alphabet.size()];
    const auto domain = Domain::parse(text);
    if (domain) {
      EXPECT_EQ(parsed(domain->text()), domain->text()) << text;
    }
  }
}

}  // namespace
}  // namespace postern
