#include "policy/mail/edits.h"

#include <string>

namespace postern {
namespace {

std::string after(std::vector<Edit> edits) {
  const std::vector<HeaderField> header{{"A", " 1"}, {"B", " 2"}, {"a", " 3"}};
  std::string text;
  for (const HeaderField& field : with_edits(header, edits)) text += field.name + ":" + field.value + "|";
  return text;
}

TEST(WithEdits, DeletesAsTheMtaCounts) {
  EXPECT_EQ(after({}), "A: 1|B: 2|a: 3|");
  EXPECT_EQ(after({{Edit::Kind::delete_header, "a", {}, 2}}), "A: 1|B: 2|");
  EXPECT_EQ(after({{Edit::Kind::delete_header, "A", {}, 1}, {Edit::Kind::delete_header, "A", {}, 2}}), "B: 2|");
  EXPECT_EQ(after({{Edit::Kind::delete_header, "B", {}, 2}}), "A: 1|B: 2|a: 3|");
}

TEST(WithEdits, TakesABlankBeforeTheColonForNoOtherName) {
  const std::vector<HeaderField> header{{"A", " 1"}, {"a ", " 2"}, {"A", " 3"}};
  EXPECT_EQ(with_edits(header, std::vector<Edit>{{Edit::Kind::delete_header, "A", {}, 2}}).back().value, " 3");
  EXPECT_EQ(with_edits(header, std::vector<Edit>{{Edit::Kind::delete_header, "A", {}, 3}}).back().value, " 2");
}

TEST(WithEdits, AddsAtBothEnds) {
  EXPECT_EQ(after({{Edit::Kind::insert_header, "X", "x", 0}, {Edit::Kind::insert_header, "Y", "y", 0}}),
            "Y: y|X: x|A: 1|B: 2|a: 3|");
  EXPECT_EQ(after({{Edit::Kind::add_header, "X", "x", 0}, {Edit::Kind::add_header, "Y", "y", 0}}),
            "A: 1|B: 2|a: 3|X: x|Y: y|");
}

}  // namespace
}  // namespace postern
