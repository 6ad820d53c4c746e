// FAULTS T16: From fields made to be read as somebody else. Each has its verdict, and none is "no author".

#include "policy/base/text.h"
#include "tests/support/world.h"

namespace postern {
namespace {

struct Forgery {
  const char* header;
  const char* outcome;
};

// boss@legit.example is who shall be seen, eve@evil.example who writes.
constexpr Forgery kForgeries[] = {
    {"From: boss@legit.example\nFrom: eve@evil.example", "several-fields"},
    {"From: eve@evil.example\nFrom: boss@legit.example", "several-fields"},
    {"From: boss@legit.example\nfrom: eve@evil.example", "several-fields"},
    {"From : boss@legit.example\nFrom: eve@evil.example", "several-fields"},
    {"From\t: boss@legit.example\nFrom: eve@evil.example", "several-fields"},
    {"From: boss@legit.example\nTo: x@y.example\nFrom: eve@evil.example", "several-fields"},
    {" From: boss@legit.example\nFrom: eve@evil.example", "several-fields"},
    {"From:\nFrom: eve@evil.example", "several-fields"},
    {"From: eve@evil.example\nFrom:", "several-fields"},
    {"Sender: boss@legit.example", "missing"},
    {"Resent-From: boss@legit.example", "missing"},
    {"X-From: boss@legit.example", "missing"},
    {"Reply-To: boss@legit.example", "missing"},
    {"From:", "malformed"},
    {"From: \n ", "malformed"},
    {"From: (boss@legit.example)", "malformed"},
    {"From: ,", "malformed"},
    {"From: boss@legit.example, eve@evil.example", "no-sender"},
    {"From: <boss@legit.example>, <eve@evil.example>", "no-sender"},
    {"From: <boss@legit.example>,<eve@evil.example>", "no-sender"},
    {"From: boss@legit.example,\n <eve@evil.example>", "no-sender"},
    {"From: <boss@legit.example>(x),(y)<eve@evil.example>", "no-sender"},
    {"From: g:boss@legit.example, eve@evil.example;", "no-sender"},
    {"From: boss@legit.example, eve@evil.example\nSender: eve@evil.example", "several-domains"},
    {"From: <boss@legit.example>\\,<eve@evil.example>", "malformed"},
    {"From: <boss@legit.example><eve@evil.example>", "malformed"},
    {"From: <boss@legit.example> <eve@evil.example>", "malformed"},
    {"From: <boss@legit.example> eve@evil.example", "malformed"},
    {"From: <boss@legit.example> via <eve@evil.example>", "malformed"},
    {"From: boss@legit.example; eve@evil.example", "malformed"},
    {"From: boss@legit.example <eve@evil.example>", "ambiguous"},
    {"From: <boss@legit.example <eve@evil.example>", "malformed"},
    {"From: boss@legit.example> <eve@evil.example>", "malformed"},
    {"From: boss@legit.example, <eve@evil.example", "malformed"},
    {"From: <boss@legit.example, eve@evil.example>", "malformed"},
    {"From: [boss@legit.example] <eve@evil.example>", "malformed"},
    {"From: boss@legit.example\xe2\x80\x8b <eve@evil.example>", "ambiguous"},
    {"From: boss@legit.example>", "malformed"},
    {"From: <boss@legit.example", "malformed"},
    {"From: \"<boss@legit.example>", "malformed"},
    {"From: boss@legit.example (", "malformed"},
    {"From: boss@legit.example)", "malformed"},
    {"From: <boss@legit.example>>", "malformed"},
    {"From: <<boss@legit.example>>", "malformed"},
    {"From: boss@legit.example@evil.example", "malformed"},
    {"From: boss@legit.example|eve@evil.example", "malformed"},
    {"From: boss@legit.example\\@evil.example", "malformed"},
    {"From: boss @evil.example legit.example", "malformed"},
    {"From: boss@legit.example eve", "malformed"},
    {"From: x boss@legit.example", "malformed"},
    {"From: <boss@legit.example\x01@evil.example>", "malformed"},
    {"From: <@evil.example:boss@legit.example>", "ambiguous"},
    {"From: <@evil.example,@x.example:boss@legit.example>", "ambiguous"},
    {"From: <boss@(evil.example)legit.example>", "ambiguous"},
    {"From: <boss(x)@legit.example>", "ambiguous"},
    {"From: <(eve@evil.example)boss@legit.example>", "ambiguous"},
    {"From: =?utf-8?q?boss=40legit.example?=@evil.example", "ambiguous"},
    {"From: <=?utf-8?q?boss?=@legit.example>", "ambiguous"},
    {"From: =?utf-8?q?boss=40legit.example?=", "ambiguous"},
    {"From: <\xe2\x80\xaemoc.tigel@evil.example>", "ambiguous"},
    {"From: <boss\xe2\x80\x8b@legit.example>", "ambiguous"},
    {"From: Boss:;", "nobody"},
    {"From: Boss:boss@legit.example", "malformed"},
    {"From: Boss", "no-domain"},
    {"From: boss", "no-domain"},
    {"From: Boss Legit", "malformed"},
    {"From: <>", "malformed"},
    {"From: Boss <>", "malformed"},
    {"From: boss@", "malformed"},
    {"From: @legit.example", "malformed"},
    {"From: boss@[192.0.2.1]", "address-literal"},
    {"From: boss@[legit.example]", "malformed"},
    {"From: boss@legit..example", "malformed"},
    {"From: boss@\xff.legit.example", "malformed"},
    {"From: \"boss\"legit@evil.example", "malformed"},
    // What is whole is judged by its domain, however odd.
    {"From: \"boss@legit.example\" <eve@evil.example>", "ok"},
    {"From: \"boss@legit.example>\" <eve@evil.example>", "ok"},
    {"From: =?utf-8?q?boss=40legit.example?= <eve@evil.example>", "ok"},
    {"From: <\"boss@legit.example\"@evil.example>", "ok"},
    {"From: <legit.example!boss@evil.example>", "ok"},
    {"From: (boss@legit.example) eve@evil.example", "ok"},
    {"From: BOSS@LEGIT.EXAMPLE", "ok"},
};

constexpr const char* kZone = "legit.example. A 8.8.8.1\nevil.example. A 8.8.8.2\n";

TEST(FromForgeries, HaveTheirVerdicts) {
  EXPECT_GE(std::size(kForgeries), 79u);  // 19 published, 60 of our own
  test::World world(kZone);
  for (const Forgery& forgery : kForgeries)
    EXPECT_EQ(world.check("from-domain", forgery.header), forgery.outcome) << forgery.header;
}

// A reader as others were: the last field of that name, what stands in its last angle brackets, or the whole.
std::string carelessly_read(std::string_view header) {
  std::string found;
  for (const HeaderField& field : test::header_fields(header)) {
    if (!ascii_iequals(field.name, "From")) continue;
    const std::string& value = field.value;
    const std::size_t open = value.rfind('<');
    const std::size_t close = value.find('>', open == std::string::npos ? 0 : open);
    found = open == std::string::npos ? value : value.substr(open + 1, close - open - 1);
  }
  return "From: " + found;
}

TEST(FromForgeries, CouldPassWithACarelessReader) {
  test::World world(kZone);
  int passed = 0;
  for (const Forgery& forgery : kForgeries) {
    const bool is_told = forgery.outcome != std::string_view("ok");
    if (is_told && world.check("from-domain", carelessly_read(forgery.header)) == "ok") ++passed;
  }
  EXPECT_GT(passed, 20);
}

}  // namespace
}  // namespace postern
