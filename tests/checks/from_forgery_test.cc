// FAULTS T16: From fields made to be read as somebody else. Each has its verdict, and none is "no author".

#include "policy/base/text.h"
#include "tests/support/from_forgeries.h"
#include "tests/support/world.h"

namespace postern {
namespace {

constexpr const char* kZone = "legit.example. A 8.8.8.1\nevil.example. A 8.8.8.2\n";

TEST(FromForgeries, HaveTheirVerdicts) {
  EXPECT_GE(std::size(test::kForgeries), 79u);  // 19 published, 60 of our own
  test::World world(kZone);
  for (const test::Forgery& forgery : test::kForgeries)
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
  for (const test::Forgery& forgery : test::kForgeries) {
    const bool is_told = forgery.outcome != std::string_view("ok");
    if (is_told && world.check("from-domain", carelessly_read(forgery.header)) == "ok") ++passed;
  }
  EXPECT_GT(passed, 20);
}

}  // namespace
}  // namespace postern
