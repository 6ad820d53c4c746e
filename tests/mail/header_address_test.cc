#include "policy/mail/header_address.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

// One entry of a list: `[name] <mailbox>`, ` !fault` behind it where programs may differ, `!fault` alone where it cannot
// be read.
std::string told(const HeaderAddress& address) {
  std::string out;
  if (!address.name.empty()) out += '[' + address.name + "] ";
  if (address.mailbox) out += address.mailbox->text();
  if (address.fault != AddressFault::none) out += (address.mailbox ? " !" : "!") + std::string(name(address.fault));
  return out;
}

std::string told(std::string_view field) {
  const AddressList list = parse_address_list(field);
  std::string out;
  for (const HeaderAddress& address : list.addresses) {
    EXPECT_EQ(address.mailbox.has_value(), address.fault <= AddressFault::invisible) << field;
    out += (out.empty() ? "" : " | ") + told(address);
  }
  return out + (list.groups > 0 ? " groups=" + std::to_string(list.groups) : "");
}

struct Row {
  std::string_view field;
  const char* told;
};

using namespace std::string_view_literals;

constexpr Row kRfc5322[] = {
    // appendix A.1.1
    {"John Doe <jdoe@machine.example>", "[John Doe] jdoe@machine.example"},
    {"Michael Jones <mjones@machine.example>", "[Michael Jones] mjones@machine.example"},
    {"Mary Smith <mary@example.net>", "[Mary Smith] mary@example.net"},
    // A.1.2
    {"\"Joe Q. Public\" <john.q.public@example.com>", "[Joe Q. Public] john.q.public@example.com"},
    {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
     "[Mary Smith] mary@x.test | jdoe@example.org | [Who?] one@y.test"},
    {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
     "boss@nil.test | [Giant; \"Big\" Box] sysservices@example.net"},
    // A.1.3
    {"Pete <pete@silly.example>", "[Pete] pete@silly.example"},
    {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
     "[Ed Jones] c@a.test | joe@where.test | [John] jdoe@one.test groups=1"},
    {"Undisclosed recipients:;", " groups=1"},
    // A.5
    {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
     "[Pete] pete@silly.test !a comment within the address"},
    {"A Group(Some people)\n     :Chris Jones <c@(Chris's host.)public.example>,\n         joe@example.org,\n"
     "  John <jdoe@one.test> (my dear friend); (the end of the group)",
     "[Chris Jones] c@public.example !a comment within the address | joe@example.org | [John] jdoe@one.test groups=1"},
    {"(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", " groups=1"},
    // A.6.1
    {"Joe Q. Public <john.q.public@example.com>", "[Joe Q. Public] john.q.public@example.com"},
    {"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
     "[Mary Smith] mary@example.net !a route before the address | jdoe@test.example"},
    // A.6.3
    {"John Doe <jdoe@machine(comment).  example>", "[John Doe] jdoe@machine.example !a comment within the address"},
};

constexpr Row kForms[] = {
    {"a@b.example", "a@b.example"},
    {" a@b.example ", "a@b.example"},
    {"<a@b.example>", "a@b.example"},
    {"< a@b.example >", "a@b.example"},
    {"\n a@b.example", "a@b.example"},
    {"\r\n\ta@b.example", "a@b.example"},
    {"Anna\n <a@b.example>", "[Anna] a@b.example"},
    {"Anna \r\n\t Berg <a@b.example>", "[Anna Berg] a@b.example"},
    {"A@B.Example", "A@b.example"},
    {"first.last+tag@b.example", "first.last+tag@b.example"},
    {"!#$%&'*+-/=?^_`{|}~@b.example", "!#$%&'*+-/=?^_`{|}~@b.example"},
    {"a%b!c@d.example", "a%b!c@d.example"},
    {"a@b", "a@b"},
    {"a@b.example.", "a@b.example"},
    {"a_b@c_d.example", "a_b@c_d.example"},
    {"a@[192.0.2.1]", "a@[192.0.2.1]"},
    {"a@[ 192.0.2.1 ]", "a@[192.0.2.1]"},
    {"a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
    {"<a@[IPv6:2001:DB8::1]>, b@c.example", "a@[IPv6:2001:db8::1] | b@c.example"},
    {"root", "root"},
    {"<postmaster>", "postmaster"},
    {"Cron Daemon <root>", "[Cron Daemon] root"},
    {"\"Anna\" <a@b.example>", "[Anna] a@b.example"},
    {"\"\" <a@b.example>", "a@b.example"},
    {"\"Berg, Anna\" <a@b.example>", "[Berg, Anna] a@b.example"},
    {"\"a\\\\b\\\"c\" <a@b.example>", "[a\\b\"c] a@b.example"},
    {"\"a\" b \"c\" <a@b.example>", "[a b c] a@b.example"},
    {"\"a\"b\"c\" <a@b.example>", "[abc] a@b.example"},
    {"Anna<a@b.example>", "[Anna] a@b.example"},
    {"Dr. A. B. Berg <a@b.example>", "[Dr. A. B. Berg] a@b.example"},
    {". <a@b.example>", "[.] a@b.example"},
    {"\"x <y@z.example>\" <a@b.example>", "[x <y@z.example>] a@b.example"},
    {"\"fold\n ed\" <a@b.example>", "[fold ed] a@b.example"},
    {"\"a b\"@c.example", "\"a b\"@c.example"},
    {"\"a@b\"@c.example", "\"a@b\"@c.example"},
    {"<\"a@b.example>\"@c.example>", "\"a@b.example>\"@c.example"},
    {"\"a,b\"@c.example, d@e.example", "\"a,b\"@c.example | d@e.example"},
    {"\"\"@c.example", "\"\"@c.example"},
    {"a@b.example, c@d.example", "a@b.example | c@d.example"},
    {"a@b.example,c@d.example,e@f.example", "a@b.example | c@d.example | e@f.example"},
    {"a@b.example,\n c@d.example", "a@b.example | c@d.example"},
    {",a@b.example,,c@d.example,", "a@b.example | c@d.example"},
    {"g: a@b.example;", "a@b.example groups=1"},
    {"g: a@b.example, c@d.example; , e@f.example", "a@b.example | c@d.example | e@f.example groups=1"},
    {"a@b.example, g:c@d.example;", "a@b.example | c@d.example groups=1"},
    {"g:;, h:;", " groups=2"},
    {"g:,,;", " groups=1"},
    {"\"a group\":a@b.example;", "a@b.example groups=1"},
    {"", ""},
    {" ", ""},
    {",", ""},
    {"(nobody)", ""},
    {"\r\n ", ""},
};

constexpr Row kObsolete[] = {
    {"a . b@c.example", "a.b@c.example"},
    {"a. b @ c . example", "a.b@c.example"},
    {"\"a\".b@c.example", "a.b@c.example"},
    {"a.\"b c\".d@e.example", "\"a.b c.d\"@e.example"},
    {"\"a\" . \"b\" @c.example", "a.b@c.example"},
    {"a..b@c.example", "\"a..b\"@c.example"},
    {".a@c.example", "\".a\"@c.example"},
    {"a.@c.example", "\"a.\"@c.example"},
    {"<@r.example:a@b.example>", "a@b.example !a route before the address"},
    {"<@r.example,@s.example:a@b.example>, c@d.example", "a@b.example !a route before the address | c@d.example"},
    {"<@[192.0.2.1]:a@b.example>", "a@b.example !a route before the address"},
    {"<@ r.example , @ s.example : a@b.example>", "a@b.example !a route before the address"},
    {"a@b.example (Anna Berg)", "[Anna Berg] a@b.example"},
    {"a@b.example(Anna)", "[Anna] a@b.example"},
    {"(Anna) a@b.example", "[Anna] a@b.example"},
    {"a@b.example (Anna (from B) \\) Berg)", "[Anna (from B) ) Berg] a@b.example"},
    {"a@b.example (=?utf-8?q?=C3=84nne?=)", "[\xc3\x84nne] a@b.example"},
    {"Anna (at home) <a@b.example>", "[Anna] a@b.example"},
    {"Anna <a@b.example> (at home)", "[Anna] a@b.example"},
    {"a@b.example (x), c@d.example (y)", "[x] a@b.example | [y] c@d.example"},
    {"\"\tb\" <a@b.example>", "[b] a@b.example"},
    {"\"a\x1b[1m\" <a@b.example>", "[a\x1b[1m] a@b.example"},
};

constexpr Row kTricks[] = {
    {"<a@b.example>, <c@d.example>", "a@b.example | c@d.example"},
    {"<a@b.example>\\,<c@d.example>", "!malformed display name | c@d.example"},
    {"a@b.example,<c@d.example>", "a@b.example | c@d.example"},
    {"<a@b.example><c@d.example>", "!text behind the address"},
    {"<a@b.example> <c@d.example>", "!text behind the address"},
    {"<a@b.example> c@d.example", "!text behind the address"},
    {"<a@b.example>c@d.example, e@f.example", "!text behind the address | e@f.example"},
    {"<a@b.example>(x),(y)<c@d.example>", "a@b.example | c@d.example"},
    {"a@b.example <c@d.example>", "[a@b.example] c@d.example !another address as display name"},
    {"a@b.example <a@b.example>", "[a@b.example] a@b.example"},
    {"A@B.example <A@b.EXAMPLE>", "[A@B.example] A@b.example"},
    {"a@b.example via List <c@d.example>", "[a@b.example via List] c@d.example !another address as display name"},
    {"\"a@b.example\" <c@d.example>", "[a@b.example] c@d.example"},
    {"[a@b.example] <c@d.example>", "!malformed display name"},
    {"<a@b.example> via x <c@d.example>", "!text behind the address"},
    {"a@b.example\xe2\x80\x8b <c@d.example>", "[a@b.example\xe2\x80\x8b] c@d.example !another address as display name"},
    {"<<a@b.example>>", "!text behind the address"},
    {"<<a@b.example>", "!malformed address"},
    {"<a@b.example>>", "!text behind the address"},
    {"<a@b.example", "!an angle bracket without its other half"},
    {"<a@b.example, c@d.example", "!an angle bracket without its other half | c@d.example"},
    {"a@b.example>", "!an angle bracket without its other half"},
    {"Anna a@b.example>", "!an angle bracket without its other half"},
    {">a@b.example<", "!an angle bracket without its other half"},
    {"<>", "!empty angle brackets"},
    {"< >", "!empty angle brackets"},
    {"Mailer <>", "!empty angle brackets"},
    {"<(x)>", "!empty angle brackets"},
    {"<@r.example:>", "!malformed address"},
    {"<@r.example>", "!malformed address"},
    {"<@:a@b.example>", "!malformed address"},
    {"@r.example:a@b.example", "!a malformed group | a@b.example | !a group that is not closed groups=1"},
    {"<@a,b@c.example>", "!malformed address"},
    {"Anna Berg", "!no address"},
    {"Anna Berg, a@b.example", "!no address | a@b.example"},
    {"\"a\" \"b\"", "!no address"},
    {"a b@c.example", "!malformed address"},
    {"a@b c.example", "!malformed address"},
    {"a@b@c.example", "!malformed address"},
    {"a@", "!malformed address"},
    {"@b.example", "!malformed address"},
    {"@", "!malformed address"},
    {"a@b..example", "!malformed address"},
    {"a@.b.example", "!malformed address"},
    {"a@b-.example!", "!malformed address"},
    {"a@b.example|c@d.example", "!malformed address"},
    {"a@\"b.example\"", "!malformed address"},
    {"\"a\"b@c.example", "!malformed address"},
    {"a\"b\"@c.example", "!malformed address"},
    {"a@[192.0.2]", "!malformed address"},
    {"a@[x]", "!malformed address"},
    {"a@192.0.2.1", "!malformed address"},
    {"a@[192.0.2.1", "!an address literal that is not closed"},
    {"a@b.example; c@d.example", "a@b.example | !a malformed group | c@d.example"},
    {"a@b.example;", "a@b.example | !a malformed group"},
    {"g:a@b.example", "a@b.example | !a group that is not closed groups=1"},
    {"g:h:a@b.example;;", "!a malformed group | a@b.example | !a malformed group groups=2"},
    {":a@b.example;", "!a malformed group | a@b.example groups=1"},
    {"g:; a@b.example", "!text behind the address groups=1"},
    {"http://b.example <a@b.example>", "[//b.example] a@b.example | !a group that is not closed groups=1"},
    {"mailto:a@b.example", "a@b.example | !a group that is not closed groups=1"},
    {"\"Anna <a@b.example>", "!a quoted string that is not closed"},
    {"Anna \" <a@b.example>, c@d.example", "!a quoted string that is not closed"},
    {"\"Anna\\\" <a@b.example>", "!a quoted string that is not closed"},
    {"\"", "!a quoted string that is not closed"},
    {"\"\\", "!a quoted string that is not closed"},
    {"(Anna a@b.example", "!a comment that is not closed"},
    {"a@b.example (", "!a comment that is not closed"},
    {"a@b.example (x(y)", "!a comment that is not closed"},
    {"a@b.example (x\\)", "!a comment that is not closed"},
    {"a@b.example)", "!malformed display name"},
    {"a@b.example (x))", "!malformed display name"},
    {"Anna \\ Berg <a@b.example>", "!malformed display name"},
    {"Anna ] <a@b.example>", "!malformed display name"},
    {"[List] Anna <a@b.example>", "!malformed display name"},
    {"<admin@(b.example)c.example>", "admin@c.example !a comment within the address"},
    {"<(x)a@b.example>", "a@b.example !a comment within the address"},
    {"<a@b.example(x)>", "a@b.example !a comment within the address"},
    {"a(x)@b.example", "a@b.example !a comment within the address"},
    {"a(x)b@c.example", "!malformed address"},
    {"=?utf-8?b?YUBiLmV4YW1wbGU=?= <c@d.example>", "[a@b.example] c@d.example"},
    {"=?utf-8?b?YUBiLmV4YW1wbGU=?=", "=?utf-8?b?YUBiLmV4YW1wbGU=?= !an encoded word for a local part"},
    {"=?utf-8?b?YUBiLmV4YW1wbGU=?=@d.example",
     "=?utf-8?b?YUBiLmV4YW1wbGU=?=@d.example !an encoded word for a local part"},
    {"<=?utf-8?q?admin?=@b.example>", "=?utf-8?q?admin?=@b.example !an encoded word for a local part"},
    {"=?utf-8?b?YQ==?= c@d.example", "!malformed address"},
    {"<\xe2\x80\xaemoc.elpmaxe@b.example>",
     "\xe2\x80\xaemoc.elpmaxe@b.example !invisible characters in the local part"},
    {"<a\xe2\x80\x8b@b.example>", "a\xe2\x80\x8b@b.example !invisible characters in the local part"},
    {"a\0@b.example"sv, "!a control byte"},
    {"<a@b.example\0@c.example>"sv, "!a control byte"},
    {"\"a\0\" <b@c.example>"sv, "!a control byte"},
    {"(a\0) <b@c.example>"sv, "!a control byte"},
    {"a@[192.0.2.1\0]"sv, "!malformed address"},
    {"<@[192.0.2.1\0]:a@b.example>"sv, "!malformed address"},
    {"a@b.example\0"sv, "!a control byte"},
    {"\0"sv, "!a control byte"},
    {"a\x01@b.example", "!a control byte"},
    {"a\x7f@b.example", "!a control byte"},
    {"\"a\x01\"@b.example", "!malformed address"},
    {"\"a\rFrom: x@y.example\" <c@d.example>", "[aFrom: x@y.example] c@d.example"},
};

constexpr Row kInternational[] = {
    {"Än Berg <än@bücher.example>", "[Än Berg] än@xn--bcher-kva.example"},
    {"a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
    {"a@BÜCHER.example", "a@xn--bcher-kva.example"},
    {"a@b\xe3\x80\x82"
     "example",
     "a@b.example"},
    {"a@xn--lgit-v4d.example", "a@xn--lgit-v4d.example"},
    {"\"ä b\"@c.example", "\"ä b\"@c.example"},
    {"θσερ@εχαμπλε.example", "θσερ@xn--mxahbxey0c.example"},
    {"=?utf-8?q?=C3=84nne_Berg?= <a@b.example>", "[Änne Berg] a@b.example"},
    {"=?iso-8859-1?q?=C4nne?= <a@b.example>", "[Änne] a@b.example"},
    {"=?iso-8859-1*de?q?=C4nne?= <a@b.example>", "[Änne] a@b.example"},
    {"=?windows-1252?q?=93x=94?= <a@b.example>", "[“x”] a@b.example"},
    {"=?koi8-r?b?8NLJ18XU?= <a@b.example>", "[Привет] a@b.example"},
    {"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?= <a@b.example>", "[日本] a@b.example"},
    {"=?utf-8?q?a?= =?utf-8?q?b?= <a@b.example>", "[ab] a@b.example"},
    {"=?utf-8?q?a?= b =?utf-8?q?c?= <a@b.example>", "[a b c] a@b.example"},
    {"=?utf-8?q?a?= b <a@b.example>", "[a b] a@b.example"},
    {"\"=?utf-8?q?a?=\" <a@b.example>", "[a] a@b.example"},
    {"=?x-nope?b?YUBi?= <a@b.example>", "[a@b] a@b.example"},
    {"=?x-nope?q?=C3=84=FF?= <a@b.example>", "[Ä\xef\xbf\xbd] a@b.example"},
    {"=?utf-8?q?=FF?= <a@b.example>", "[\xef\xbf\xbd] a@b.example"},
    {"=?utf-8?q?=?= <a@b.example>", "[=?utf-8?q?=?=] a@b.example"},
    {"=?utf-8?b?YQ?= <a@b.example>", "[a] a@b.example"},
    {"=?utf-8?b?Y?= <a@b.example>", "[=?utf-8?b?Y?=] a@b.example"},
    {"=?utf-8?x?a?= <a@b.example>", "[=?utf-8?x?a?=] a@b.example"},
    {"=?utf-8?q?a <a@b.example>", "[=?utf-8?q?a] a@b.example"},
    {"=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?= <a@b.example>", "[=?utf-8?q?a?=] a@b.example"},
    {"M\xfcller <a@b.example>", "[M\xef\xbf\xbdller] a@b.example"},
    {"\"M\xfcller\" <a@b.example>", "[M\xef\xbf\xbdller] a@b.example"},
    {"m\xfcller@b.example", "!malformed address"},
    {"a@m\xfcller.example", "!malformed address"},
    {"\"m\xfcller\"@b.example", "!malformed address"},
    {"\xc0\xaf@b.example", "!malformed address"},
    {"\xed\xa0\x80@b.example", "!malformed address"},
};

class AddressFields : public testing::TestWithParam<Row> {};

TEST_P(AddressFields, AreReadAsWritten) { EXPECT_EQ(told(GetParam().field), GetParam().told) << GetParam().field; }

INSTANTIATE_TEST_SUITE_P(Rfc5322, AddressFields, testing::ValuesIn(kRfc5322));
INSTANTIATE_TEST_SUITE_P(Forms, AddressFields, testing::ValuesIn(kForms));
INSTANTIATE_TEST_SUITE_P(Obsolete, AddressFields, testing::ValuesIn(kObsolete));
INSTANTIATE_TEST_SUITE_P(Tricks, AddressFields, testing::ValuesIn(kTricks));
INSTANTIATE_TEST_SUITE_P(International, AddressFields, testing::ValuesIn(kInternational));

TEST(AddressFieldCaps, ALongFieldIsReadUpToItsCapAndSaysSo) {
  std::string many;
  for (std::size_t i = 0; i < kMostHeaderAddresses; ++i) many += "a@b.example,";
  EXPECT_EQ(parse_address_list(many).addresses.size(), kMostHeaderAddresses);
  EXPECT_EQ(parse_address_list(many).addresses.back().fault, AddressFault::none);
  const AddressList over = parse_address_list(many + "a@b.example");
  EXPECT_EQ(over.addresses.size(), kMostHeaderAddresses + 1);
  EXPECT_EQ(over.addresses.back().fault, AddressFault::too_many);

  std::string longest(kMostAddressBytes - 10, 'a');
  longest += "@b.example";
  EXPECT_EQ(parse_address_list(longest).addresses.size(), 1u);
  EXPECT_EQ(parse_address_list(longest).addresses.back().fault, AddressFault::none);
  EXPECT_EQ(parse_address_list(" " + longest).addresses.back().fault, AddressFault::too_long);
  EXPECT_LE(parse_address_list(longest).addresses.back().raw.size(), 1000u);
}

// Nesting and repetition cost neither a stack nor more than a moment.
TEST(AddressFieldCaps, NothingIsDeep) {
  for (const char* piece : {"(",  "()", "<", "\"", "[",          ":",  ";",   ",",  "@",     "a:",
                            "<@", "\\", ".", "=?", "=?utf-8?q?", "a ", "(\\", "\0", "<a@b>", "\"\" "}) {
    std::string field;
    while (field.size() < 200'000) field.append(piece, std::max<std::size_t>(std::string_view(piece).size(), 1));
    const AddressList list = parse_address_list(field);
    EXPECT_FALSE(list.addresses.empty()) << piece;
    EXPECT_LE(list.addresses.size(), kMostHeaderAddresses + 2) << piece;
    for (const HeaderAddress& address : list.addresses) EXPECT_LE(address.raw.size(), 1000u);
  }
}

// FAULTS T25: a NUL cuts nothing off.
TEST(AddressFieldNul, MakesTheAddressUnreadableWhereverItStands) {
  for (const Row& row : kRfc5322) {
    for (std::size_t i = 0; i <= row.field.size(); ++i) {
      std::string field(row.field);
      field.insert(i, 1, '\0');
      std::string raw;
      bool unreadable = false;
      for (const HeaderAddress& address : parse_address_list(field).addresses) {
        unreadable |= !address.mailbox;
        raw += address.raw;
      }
      ASSERT_TRUE(unreadable) << i << " in " << row.field;
      ASSERT_NE(raw.find('\0'), std::string::npos) << i << " in " << row.field;
    }
  }
}

// FAULTS T24: what a mail program would show for the name is the name, NUL or not.
TEST(AddressFieldNames, AreDecodedAsTheyAreShown) {
  const auto name_of = [](std::string_view field) { return parse_address_list(field).addresses.at(0).name; };
  EXPECT_EQ(name_of("=?utf-8?b?dGVzdCIgPGFkbWluQGxlZ2l0LmV4YW1wbGU+?==?utf-8?Q?=00=0A?= <x@y.example>"),
            "test\" <admin@legit.example>\0"sv);
  EXPECT_EQ(name_of("\"=?utf-8?b?ImFkbWluQGxlZ2l0LmV4YW1wbGUiIDx0ZXN0Pg==?==?utf-8?Q?=0A=00=00=00?=\" <x@y.example>"),
            "\"admin@legit.example\" <test>\n\0\0\0"sv);
  EXPECT_EQ(name_of("=?utf-8?b?4oCuZWxwbWF4ZS50aWdlbEBuaW1kYQ==?= <x@y.example>"),
            "\xe2\x80\xae"
            "elpmaxe.tigel@nimda");
  EXPECT_EQ(name_of("=?utf-8?q?=C0=AF=ED=A0=80?= <x@y.example>"),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(AddressFieldsOfAMessage, AreFoundWhateverTheColonLooksLike) {
  const std::vector<HeaderField> fields{{"from ", " a@b.example"},      {"FROM", "c@d.example"},
                                        {"Resent-From", "x@y.example"}, {"From\t", "e@f.example"},
                                        {"Sender", "g@h.example"},      {"X-From", "x@y.example"},
                                        {"Reply-To ", "i@j.example"},   {"From\xe2\x80\x8b", "x@y.example"}};
  const HeaderAddresses read = read_addresses(fields);
  EXPECT_EQ(read.from.size(), 3u);
  EXPECT_EQ(read.sender.size(), 1u);
  EXPECT_EQ(read.reply_to.size(), 1u);
}

// `from/sender` of the newest block of Resent fields, "-" where there is none.
std::string resent(std::vector<HeaderField> fields) {
  const HeaderAddresses read = read_addresses(fields);
  if (!read.resent) return "-";
  const auto first = [](const std::vector<AddressList>& lists) {
    return lists.empty() ? std::string() : lists.front().addresses.front().raw;
  };
  return first(read.resent_from) + "/" + first(read.resent_sender);
}

TEST(ReadAddresses, TakesTheNewestBlockOfResentFields) {  // RFC 5322 3.6.6
  EXPECT_EQ(resent({{"From", "a@b.example"}}), "-");
  EXPECT_EQ(resent({{"Resent-From", "a"}, {"Resent-Sender", "b"}}), "a/b");
  EXPECT_EQ(resent({{"From", "x"}, {"RESENT-DATE ", "y"}, {"resent-from ", "a"}}), "a/");
  EXPECT_EQ(resent({{"Resent-From", "a"}, {"Resent-From", "b"}, {"Resent-Sender", "c"}}), "a/") << "another begins";
  EXPECT_EQ(resent({{"Resent-From", "a"}, {"Received", "x"}, {"Resent-Sender", "b"}}), "a/");
  EXPECT_EQ(resent({{"Resent-Date", "x"}, {"Received", "x"}, {"Resent-From", "b"}}), "/");
  std::vector<HeaderField> many;
  for (int i = 0; i < 20; ++i) many.push_back({"Resent-X" + std::to_string(i), ""});
  many.push_back({"Resent-From", "a"});
  EXPECT_EQ(resent(many), "/");
  many.erase(many.begin());
  EXPECT_EQ(resent(many), "a/");
}

}  // namespace
}  // namespace postern
