#include "policy/auth/spf/macro.h"

namespace postern {
namespace {

using spf::MacroString;

// RFC 7208 7.4.
std::optional<std::string> example_value(char letter, bool six) {
  switch (letter) {
    case 's': return "strong-bad@email.example.com";
    case 'l': return "strong-bad";
    case 'o':
    case 'd': return "email.example.com";
    case 'i': return six ? "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.C.B.0.1" : "192.0.2.3";
    case 'p': return "mx.example.org";
    case 'v': return six ? "ip6" : "in-addr";
    case 'h': return "mail.example.com";
    case 'c': return "192.0.2.3";
    case 'r': return "host.example.net";
    case 't': return "1700000000";
  }
  return std::nullopt;
}

std::string expanded(std::string_view text, bool six = false) {
  const auto macro = MacroString::parse(text);
  if (!macro) return "-";
  return macro->expand([six](char letter) { return example_value(letter, six); }).value_or("nothing");
}

TEST(SpfMacro, ExpandsTheExamplesOfRfc7208) {  // 7.4
  EXPECT_EQ(expanded("%{s}"), "strong-bad@email.example.com");
  EXPECT_EQ(expanded("%{o}"), "email.example.com");
  EXPECT_EQ(expanded("%{d}"), "email.example.com");
  EXPECT_EQ(expanded("%{d4}"), "email.example.com");
  EXPECT_EQ(expanded("%{d3}"), "email.example.com");
  EXPECT_EQ(expanded("%{d2}"), "example.com");
  EXPECT_EQ(expanded("%{d1}"), "com");
  EXPECT_EQ(expanded("%{dr}"), "com.example.email");
  EXPECT_EQ(expanded("%{d2r}"), "example.email");
  EXPECT_EQ(expanded("%{l}"), "strong-bad");
  EXPECT_EQ(expanded("%{l-}"), "strong.bad");
  EXPECT_EQ(expanded("%{lr}"), "strong-bad");
  EXPECT_EQ(expanded("%{lr-}"), "bad.strong");
  EXPECT_EQ(expanded("%{l1r-}"), "strong");
  EXPECT_EQ(expanded("%{ir}.%{v}._spf.%{d2}"), "3.2.0.192.in-addr._spf.example.com");
  EXPECT_EQ(expanded("%{lr-}.lp._spf.%{d2}"), "bad.strong.lp._spf.example.com");
  EXPECT_EQ(expanded("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}"), "bad.strong.lp.3.2.0.192.in-addr._spf.example.com");
  EXPECT_EQ(expanded("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}"), "3.2.0.192.in-addr.strong.lp._spf.example.com");
  EXPECT_EQ(expanded("%{d2}.trusted-domains.example.net"), "example.com.trusted-domains.example.net");
  EXPECT_EQ(expanded("%{ir}.%{v}._spf.%{d2}", true),
            "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com");
}

TEST(SpfMacro, EscapesAndTransforms) {
  EXPECT_EQ(expanded("100%%%_%-"), "100% %20");
  EXPECT_EQ(expanded("%{S}"), "strong-bad%40email.example.com");
  EXPECT_EQ(expanded("%{D2R}"), "example.email");
  EXPECT_EQ(expanded("%{s2@}"), "-") << "no delimiter";
  EXPECT_EQ(expanded("%{d99999999999999999999}"), "email.example.com");
  EXPECT_EQ(expanded("%{d02}"), "example.com");
  EXPECT_EQ(expanded("%{l+-}"), "strong.bad");
  EXPECT_EQ(expanded(""), "");
}

TEST(SpfMacro, HasASyntax) {
  for (const std::string_view bad : {"%", "a%", "%a", "%{", "%{d", "%{}", "%{x}", "%{d0}", "%{d00}", "%{dr2}", "%{d:}",
                                     "%{d r}", "a b", "a\tb", "caf\xc3\xa9", "%{\xff}", "%(d)"})
    EXPECT_EQ(expanded(bad), "-") << bad;
  EXPECT_TRUE(MacroString::parse_explanation("two words, %{c}"));
  EXPECT_FALSE(MacroString::parse_explanation("two\twords"));
}

TEST(SpfMacro, KnowsWhatLeadsToADomain) {  // RFC 7208 7.1
  for (const std::string_view good : {"a.example", "a.example.", "_spf.%{d}", "%{d}", "%{i}.x.xn--zckzah",
                                      "foo:bar/baz.a.b1", "%{d}%_", "a%%", "%{d}.a-b"})
    EXPECT_TRUE(MacroString::parse_domain_spec(good)) << good;
  for (const std::string_view bad :
       {"", "example", "example.", "a.123", "a.-b", "a.b-", "a.b:80", "%{d}.", "%{d}x", "a}", "a.b}", "%{d}/24", ".",
        "a..", "%{c}.example", "%{r}.example", "%{T}.example"})
    EXPECT_FALSE(MacroString::parse_domain_spec(bad)) << bad;
}

std::string target(std::string_view text) {
  const auto name = spf::target_name(text);
  return name ? name->text() : "-";
}

TEST(SpfMacro, CutsTargetsFromTheLeft) {  // RFC 7208 7.3
  const std::string tail = std::string(61, 'b') + "." + std::string(61, 'c') + "." + std::string(61, 'd') + "." +
                           std::string(61, 'e');  // 247
  EXPECT_EQ(target("12345." + tail), "12345." + tail) << "253 bytes";
  EXPECT_EQ(target("123456." + tail), tail) << "254 bytes";
  EXPECT_EQ(target("x.12345." + tail + "."), "12345." + tail);
  EXPECT_EQ(target(std::string(300, 'a')), "-");
  EXPECT_EQ(target(std::string(64, 'a') + ".example"), "-");
  EXPECT_EQ(target("a..example"), "-");
  EXPECT_EQ(target("."), "-");
  EXPECT_EQ(target(""), "-");
  EXPECT_EQ(target("Two Words\\.example"), "two\\032words\\\\.example");
}

TEST(SpfMacro, NeverGrowsBeyondItsCap) {
  std::string text;
  for (std::size_t i = 0; i < spf::kMostMacros; ++i) text += "%{S}";
  const auto macro = MacroString::parse(text + ".a.example");
  ASSERT_TRUE(macro);
  const auto all = macro->expand([](char) { return std::string(1000, '='); });
  ASSERT_TRUE(all);
  EXPECT_LE(all->size(), spf::kMostExpandedBytes);
  EXPECT_TRUE(all->ends_with(".a.example")) << "the right side is what a name keeps";
  EXPECT_FALSE(MacroString::parse(text + "%{s}.a.example")) << "one macro more";
}

}  // namespace
}  // namespace postern
