#include "policy/rules/same_comparisons.h"

#include <algorithm>

namespace postern::rules {

namespace {

bool same(const Test& a, const Test& b) {
  return a.op == b.op && a.numeric == b.numeric && a.texts == b.texts && a.patterns == b.patterns &&
         a.numbers == b.numbers && a.list == b.list && a.list_name == b.list_name;
}

class Numbers {
 public:
  void give(Expression& e) {
    for (Expression& part : e.parts) give(part);
    if (e.kind != Expression::Kind::fact) return;
    const auto known = std::find_if(first_.begin(), first_.end(), [&](const Expression* other) {
      return other->fact == e.fact && same(*other->test, *e.test);
    });
    e.comparison = static_cast<std::size_t>(known - first_.begin());
    if (known == first_.end()) first_.push_back(&e);
  }

  std::size_t count() const { return first_.size(); }

 private:
  std::vector<const Expression*> first_;  ///< of each number
};

}  // namespace

void number_comparisons(Program& program) {
  Numbers numbers;
  for (Group& group : program.groups) {
    if (group.when) numbers.give(*group.when);
  }
  for (Rule& rule : program.rules) numbers.give(rule.when);
  for (Limit& limit : program.limits) {
    if (limit.when) numbers.give(*limit.when);
  }
  program.comparisons = numbers.count();
}

}  // namespace postern::rules
