#include "policy/accounts/identity/normal_form.h"

#include <gtest/gtest.h>

namespace postern::accounts {
namespace {

std::string form(std::string_view text, LetterCase letters = LetterCase::fold) {
  return comparison_form(text, letters).value_or("-");
}

TEST(ComparisonForm, OfAsciiFoldsCaseAlone) {
  EXPECT_EQ(form("Eva.Berg+X"), "eva.berg+x");
  EXPECT_EQ(form("Eva", LetterCase::exact), "Eva");
  EXPECT_EQ(form("a b"), "a b");
  EXPECT_EQ(form(""), "-");
  EXPECT_EQ(form(std::string_view("a\0b", 3)), "-");
  EXPECT_EQ(form("a\tb"), "-");
  EXPECT_EQ(form("a\x7f"), "-");
}

TEST(ComparisonForm, IsOneForEveryWritingOfTheSame) {
  EXPECT_EQ(form("Ka\xcc\x88the"), form("k\xc3\xa4the"));                         // NFD, NFC
  EXPECT_EQ(form("\xea\xb0\x80"), form("\xe1\x84\x80\xe1\x85\xa1"));              // 가 and its jamo
  EXPECT_EQ(form("\xef\xbc\xa5\xef\xbc\xb6\xef\xbc\xa1"), "eva");                 // full width
  EXPECT_EQ(form("\xef\xbd\xb6\xef\xbe\x9e"), form("\xe3\x82\xac"));              // half-width カ゛, ガ
  EXPECT_EQ(form("\xce\xa3\xce\xb1\xcf\x82"), form("\xcf\x83\xce\x91\xce\xa3"));  // Σας, σΑΣ
  EXPECT_EQ(form("\xd0\x90\xd0\x9d\xd0\x9d\xd0\x90"), form("\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0"));
  EXPECT_EQ(form("\xe2\x84\xaa"), "k");  // the sign for Kelvin is a K by definition
  EXPECT_EQ(form("Nguy\xe1\xbb\x85n"), form("nguye\xcc\x82\xcc\x83n"));
}

TEST(ComparisonForm, OfWhatOnlyLooksAlikeDiffers) {
  EXPECT_NE(form("\xd0\xb0nna"), form("anna"));
  EXPECT_NE(form("stra\xc3\x9f"
                 "e"),
            form("strasse"));
  EXPECT_NE(form("k\xc3\xa4the"), form("kathe"));
  EXPECT_NE(form("\xc4\xb1"), form("i"));  // dotless ı
  EXPECT_NE(form("\xc4\xb0"), form("i"));  // İ
  EXPECT_NE(form("\xc5\x82"), form("l"));  // ł
}

TEST(ComparisonForm, OfWhatNobodyCanTellApartIsNone) {
  for (const char* text : {
           "a\xe2\x80\x8b",
           "a\xe2\x80\x8c",
           "a\xe2\x80\x8d",
           "a\xe2\x81\xa0",
           "a\xef\xbb\xbf",  // ZWSP ZWNJ ZWJ WJ BOM
           "\xe2\x80\xaa"
           "a",
           "\xe2\x80\xae"
           "a",
           "\xe2\x81\xa6"
           "a",
           "\xd8\x9c"
           "a",  // LRE RLO LRI ALM
           "a\xc2\xad",
           "a\xcd\x8f",
           "a\xef\xb8\x8f",
           "a\xe3\x85\xa4",
           "a\xef\xbe\xa0",
           "a\xe1\xa0\x8b",
           "a\xf3\xa0\x81\x81",
           "a\xe2\xa0\x80",  // a tag, an empty braille pattern
           "a\xc2\xa0",
           "a\xe2\x80\x83",
           "a\xe2\x80\xa8",  // NBSP, em space, line separator
           "a\xc2\x85",
           "a\xee\x80\x80",
           "a\xcd\xb8",
           "a\xef\xbf\xbf",  // C1, private, unassigned, no character
           "\xef\xac\x81",
           "\xf0\x9d\x90\x9e",
           "\xc2\xaa",
           "\xe2\x91\xa0",
           "\xc5\xbf",  // ﬁ 𝐞 ª ① ſ
           "a\xff",
           "a\xc3",
           "\xc0\x80",
           "\xed\xa0\x80",
           "a\xef\xbf\xbd",  // no UTF-8, and what replaced it
       })
    EXPECT_EQ(form(text), "-") << text;
  EXPECT_EQ(form(std::string(1000, 'a')).size(), 1000u);
  EXPECT_EQ(form(std::string(1001, 'a')), "-");
}

TEST(AsSeen, IsWithoutWhatNobodySees) {
  EXPECT_EQ(as_seen("a@b"), "a@b");
  EXPECT_EQ(as_seen("a\xe2\x80\x8b\xef\xbc\xa0"
                    "b"),
            "a@b");
  EXPECT_EQ(as_seen("k\xc3\xa4\xff"), "k\xc3\xa4\xef\xbf\xbd");
}

std::string key(std::string_view text) {
  const auto found = address_key(text, LetterCase::fold);
  return found ? found->text() : "-";
}

TEST(AddressKey, OfWhatADirectoryWrites) {
  EXPECT_EQ(key("Eva@Acme.Example"), "eva@acme.example");
  EXPECT_EQ(key("eva@b\xc3\xbc"
                "cher.example"),
            "eva@xn--bcher-kva.example");
  EXPECT_EQ(key("eva@xn--bcher-kva.example."), "eva@xn--bcher-kva.example");
  EXPECT_EQ(key("\"eva\"@acme.example"), "eva@acme.example");
  EXPECT_EQ(key("\"a@b\"@acme.example"), "a@b@acme.example");
  EXPECT_EQ(key("@acme.example"), "@acme.example");
  EXPECT_EQ(key("eva@[192.0.2.1]"), "eva@[192.0.2.1]");
  for (const char* text :
       {"", "eva", "@", "eva@", "eva@@acme.example", "a b@acme.example", "@[192.0.2.1]",
        "eva@acme.example, tom@acme.example", "@relay.example:eva@acme.example", "e\xe2\x80\x8bva@acme.example"})
    EXPECT_EQ(key(text), "-") << text;
}

TEST(IsAddress, IsTheSameAsToCompareKeys) {
  const std::string idn =
      "eva@b\xc3\xbc"
      "cher.example";
  const char* texts[] = {"eva@acme.example",
                         "EVA@Acme.Example",
                         "\"eva\"@acme.example",
                         "eva@acme.example.",
                         "eva@acme..example",
                         idn.c_str(),
                         "eva@xn--bcher-kva.example",
                         "eva",
                         "@acme.example",
                         "",
                         "a@b@acme.example",
                         "\"a@b\"@acme.example",
                         "e\xe2\x80\x8bva@acme.example",
                         "eva+x@acme.example",
                         "eva@[192.0.2.1]",
                         "\xef\xbd\x85va@acme.example"};
  for (const LetterCase letters : {LetterCase::fold, LetterCase::exact}) {
    for (const char* known : texts) {
      const auto wanted = address_key(known, letters);
      for (const char* text : texts) {
        EXPECT_TRUE(!wanted || is_address(text, *wanted, letters) == (address_key(text, letters) == wanted)) << text;
      }
    }
  }
}

TEST(LoginForm, HasADomainWhereOneIsGiven) {
  const auto login = [](std::string_view text, std::string_view domain = "") {
    return login_form(text, domain, LetterCase::fold).value_or("-");
  };
  EXPECT_EQ(login("Eva"), "eva");
  EXPECT_EQ(login("Eva", "Acme.example"), "eva@acme.example");
  EXPECT_EQ(login("Eva@Other.example", "acme.example"), "eva@other.example");
  EXPECT_EQ(login("eva@b\xc3\xbc"
                  "cher.example"),
            "eva@xn--bcher-kva.example");
  EXPECT_EQ(login("ACME\\eva"), "acme\\eva");
  EXPECT_EQ(login("eva@no domain"), "eva@no domain");
  EXPECT_EQ(login("@acme.example"), "-");
  EXPECT_EQ(login(""), "-");
  EXPECT_EQ(login("", "acme.example"), "-");
  EXPECT_EQ(login("e\xe2\x80\x8bva@acme.example"), "-");
}

TEST(Extensions, ComeOffFromTheRight) {
  const auto stripped = [](std::string local, std::string_view delimiters) {
    std::string out;
    for (const AddressKey& step : without_extension({std::move(local), "d"}, delimiters)) out += step.local + " ";
    return out;
  };
  EXPECT_EQ(stripped("eva+a+b", "+"), "eva+a eva ");
  EXPECT_EQ(stripped("e.berg+x", "+."), "e.berg e ");
  EXPECT_EQ(stripped("+x", "+"), "");
  EXPECT_EQ(stripped("++x", "+"), "+ ");
  EXPECT_EQ(stripped("eva", "+"), "");
  EXPECT_EQ(stripped("eva+x", ""), "");
  EXPECT_EQ(stripped("", "+"), "");
  EXPECT_EQ(stripped("a+b+c+d+e+f", "+"), "a+b+c+d+e a+b+c+d a+b+c a+b ");
}

}  // namespace
}  // namespace postern::accounts
