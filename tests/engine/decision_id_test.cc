#include "policy/engine/decision_id.h"

#include <set>

namespace postern {
namespace {

TEST(DecisionId, IsTwelveLettersThatCanBeReadAloud) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = make_decision_id();
    ASSERT_EQ(id.size(), 12u);
    ASSERT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos) << id;
    ASSERT_TRUE(seen.insert(id).second) << "came twice: " << id;
  }
}

}  // namespace
}  // namespace postern
