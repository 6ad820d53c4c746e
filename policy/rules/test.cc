#include "policy/rules/test.h"

#include <algorithm>

#include "policy/base/text.h"

namespace postern::rules {

namespace {

struct TextOf {
  std::string operator()(bool value) const { return value ? "yes" : "no"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const IpAddress& value) const { return value.text(); }
  std::string operator()(const Mailbox& value) const { return value.text(); }
  std::string operator()(const Domain& value) const { return value.text(); }
};

bool is_equality(Operator op) {
  return op != Operator::contains && op != Operator::starts_with && op != Operator::ends_with;
}

List::Answer answer(bool yes) { return yes ? List::Answer::yes : List::Answer::no; }

}  // namespace

bool compare(std::int64_t number, Operator op, std::int64_t right) {
  switch (op) {
    case Operator::less: return number < right;
    case Operator::less_equal: return number <= right;
    case Operator::greater: return number > right;
    case Operator::greater_equal: return number >= right;
    case Operator::equal: return number == right;
    case Operator::is:
    case Operator::in:
    case Operator::matches:
    case Operator::contains:
    case Operator::starts_with:
    case Operator::ends_with:
    case Operator::looks_like: break;
  }
  return number == right;
}

std::string text_of(const Value& value) { return std::visit(TextOf{}, value); }

List::Answer Test::fits(std::span<const Value> values, std::int64_t unix_time) const {
  List::Answer result = List::Answer::no;
  for (const Value& value : values) {
    const List::Answer one = fits(value, unix_time);
    if (one == List::Answer::yes) return one;
    if (one == List::Answer::unavailable) result = one;
  }
  return result;
}

List::Answer Test::fits(const Value& value, std::int64_t unix_time) const {
  if (list) return list->contains(value, unix_time);
  if (numeric) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) return List::Answer::no;
    return answer(
        std::any_of(numbers.begin(), numbers.end(), [&](std::int64_t right) { return compare(*number, op, right); }));
  }
  if (op == Operator::matches) {
    const std::string text = text_of(value);
    return answer(std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return p->found_in(text); }));
  }
  // Texts of the right side are folded, so an ASCII text that is to be equal needs no folded copy.
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && is_equality(op) && is_ascii(*text))
    return answer(
        std::any_of(texts.begin(), texts.end(), [&](const auto& right) { return ascii_iequals(*text, right); }));
  const std::string text = fold(text_of(value));
  return answer(std::any_of(texts.begin(), texts.end(), [&](const std::string& right) {
    if (op == Operator::contains) return text.find(right) != std::string::npos;
    if (op == Operator::starts_with) return text.starts_with(right);
    if (op == Operator::ends_with) return text.ends_with(right);
    return text == right;
  }));
}

}  // namespace postern::rules
