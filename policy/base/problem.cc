#include "policy/base/problem.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "policy/base/text.h"

namespace postern {

std::string Problem::line() const {
  std::string text = where.file;
  if (where.line > 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(where.line) + ':' + std::to_string(where.column);
  }
  if (!text.empty()) text += ": ";
  if (kind == Kind::warning) text += "warning: ";
  text += message;
  if (!hint.empty()) text += "; " + hint;
  return printable(text, 2000);
}

void Problems::error(const Place& where, std::string message, std::string hint) {
  add({Problem::Kind::error, std::move(message), where, std::move(hint)});
}

void Problems::warning(const Place& where, std::string message, std::string hint) {
  add({Problem::Kind::warning, std::move(message), where, std::move(hint)});
}

void Problems::later(const Place& where, std::string_view what) {
  add({Problem::Kind::later, std::string(what) + " is not in this version", where, {}});
}

void Problems::add(Problem problem) {
  if (problem.kind != Problem::Kind::warning) ++unusable_;
  all_.push_back(std::move(problem));
}

std::vector<Problem> Problems::sorted() const {
  std::map<std::string, std::size_t> order;
  for (const Problem& p : all_) order.emplace(p.where.file, order.size());
  std::vector<Problem> result = all_;
  const auto key = [&](const Problem& p) { return std::tuple(order[p.where.file], p.where.line, p.where.column); };
  std::stable_sort(result.begin(), result.end(), [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
  const auto same = [](const Problem& a, const Problem& b) { return a.where == b.where && a.message == b.message; };
  result.erase(std::unique(result.begin(), result.end(), same), result.end());
  return result;
}

}  // namespace postern
