#include "policy/accounts/identity/grant.h"

#include <gtest/gtest.h>

namespace postern::accounts {
namespace {

std::string told(std::string_view text) {
  const auto grant = Grant::parse(text, LetterCase::fold);
  return grant ? grant->text() : "error: " + grant.error().message;
}

bool covers(std::string_view text, std::string_view address, LetterCase letters = LetterCase::fold) {
  return Grant::parse(text, letters)->covers(*address_key(address, letters));
}

TEST(Grant, ReadsWhatItWrites) {
  constexpr std::pair<const char*, const char*> kGrants[] = {
      {"Info@Acme.Example", "Info@acme.example"},
      {" info@acme.example ", "info@acme.example"},
      {"\"a b\"@acme.example", "\"a b\"@acme.example"},
      {"x@b\xc3\xbc"
       "cher.example",
       "x@xn--bcher-kva.example"},
      {"x@[192.0.2.1]", "x@[192.0.2.1]"},
      {"acme.example", "@acme.example"},
      {"@acme.example", "@acme.example"},
      {"@localhost", "@localhost"},
      {".acme.example", ".acme.example"},
      {"/a.*b/", "/a.*b/"},
      {"/a/b/", "/a/b/"},
      {"group:press", "group:press"},
      {"group: press ", "group:press"},
      {"*", "*"},
      {"for:boss@acme.example", "for:boss@acme.example"},
      {"for: @acme.example", "for:@acme.example"},
      {"for:.acme.example", "for:.acme.example"},
      {"for:/x/", "for:/x/"},
      {"for:*", "for:*"},
      {"for:group:press", "for:group:press"},
  };
  for (const auto& [text, canonical] : kGrants) {
    EXPECT_EQ(told(text), canonical);
    EXPECT_EQ(told(canonical), canonical);
    EXPECT_EQ(Grant::parse(text, LetterCase::fold)->delegates(), std::string_view(text).starts_with("for:"));
  }
}

TEST(Grant, SaysWhatIsWrong) {
  EXPECT_EQ(told(""), "error: a grant is empty: write an address, a domain, /pattern/, group:NAME or *");
  EXPECT_EQ(told("for:"), "error: a grant is empty: write an address, a domain, /pattern/, group:NAME or *");
  EXPECT_EQ(told("eva"), "error: \"eva\" is no address; write @eva where a domain is meant");
  EXPECT_EQ(told("for:eva"), "error: \"for:eva\" is no address; write @eva where a domain is meant");
  EXPECT_EQ(told("eva@"), "error: \"eva@\" is no address");
  EXPECT_EQ(told("a@b@c.example"), "error: \"a@b@c.example\" is no address");
  EXPECT_EQ(told("a@b.example, c@d.example"), "error: \"a@b.example, c@d.example\" is no address");
  EXPECT_EQ(told("e\xe2\x80\x8bva@b.example"),
            "error: \"e\\u{200b}va@b.example\" has characters that cannot be compared");
  EXPECT_EQ(told("@"), "error: \"@\" is no domain");
  EXPECT_EQ(told("."), "error: \".\" is no domain");
  EXPECT_EQ(told("*.acme.example"), "error: \"*.acme.example\" is no domain");
  EXPECT_EQ(told("192.0.2.1"), "error: \"192.0.2.1\" is no domain");
  EXPECT_EQ(told("//"), "error: \"//\" is no pattern: write /pattern/");
  EXPECT_EQ(told("/x"), "error: \"/x\" is no pattern: write /pattern/");
  EXPECT_EQ(told("/(/"), "error: \"/(/\" missing ): (");
  EXPECT_EQ(told("/a)|(b/"), "error: \"/a)|(b/\" unexpected ): a)|(b");
  EXPECT_EQ(told("group:"), "error: \"group:\" names no group");
  EXPECT_EQ(told(std::string(1001, 'a')), "error: a grant has at most 1000 bytes");
}

TEST(Grant, CoversWhatItSaysAndNoMore) {
  EXPECT_TRUE(covers("Info@Acme.example", "info@acme.example"));
  EXPECT_FALSE(covers("info@acme.example", "info+x@acme.example"));
  EXPECT_FALSE(covers("info@acme.example", "info@sub.acme.example"));
  EXPECT_TRUE(covers("acme.example", "x@acme.example"));
  EXPECT_FALSE(covers("acme.example", "x@sub.acme.example"));
  EXPECT_FALSE(covers("acme.example", "x@pacme.example"));
  EXPECT_TRUE(covers(".acme.example", "x@acme.example"));
  EXPECT_TRUE(covers(".acme.example", "x@a.b.acme.example"));
  EXPECT_FALSE(covers(".acme.example", "x@pacme.example"));
  EXPECT_FALSE(covers(".acme.example", "x@[192.0.2.1]"));
  for (const char* routed : {"b.example!a@acme.example", "a%b.example@acme.example", "\"a@b.example\"@acme.example"}) {
    EXPECT_FALSE(covers("acme.example", routed));
    EXPECT_FALSE(covers(".acme.example", routed));
    EXPECT_TRUE(covers(routed, routed));
  }
  EXPECT_TRUE(covers("*", "x@[192.0.2.1]"));
  EXPECT_FALSE(covers("group:press", "press@acme.example"));
}

TEST(Grant, MatchesAPatternWithTheWholeAddress) {
  EXPECT_TRUE(covers("/a+@x\\.example/", "aaa@x.example"));
  EXPECT_FALSE(covers("/a+@x\\.example/", "baaa@x.example"));
  EXPECT_FALSE(covers("/a+@x\\.example/", "a@x.example.evil.example"));
  EXPECT_FALSE(covers("/a@x\\.example|b@x\\.example/", "zb@x.example")) << "both sides of | are whole";
  EXPECT_TRUE(covers("/A@X\\.EXAMPLE/", "a@x.example"));
  EXPECT_FALSE(covers("/a@x\\.example/", "A@x.example", LetterCase::exact));
  EXPECT_TRUE(covers("/(?i)a@x\\.example/", "A@x.example", LetterCase::exact));
}

TEST(GrantCache, ReadsEachTextOnce) {
  GrantCache cache(LetterCase::fold);
  EXPECT_EQ(cache.get("nonsense"), nullptr);
  const auto grant = cache.get("/a.*/");
  ASSERT_NE(grant, nullptr);
  EXPECT_EQ(cache.get("/a.*/"), grant);
}

}  // namespace
}  // namespace postern::accounts
