#include "policy/accounts/ldap/ldap_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/accounts/tables/percent.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Only whether the parentheses meet; the server knows the rest better.
bool is_balanced(std::string_view filter, FilterProblem& problem) {
  int depth = 0;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] == '(') ++depth;
    if (filter[i] == ')' && --depth < 0) return problem = {"a ) without its (", i}, false;
    if (depth == 0 && i + 1 < filter.size()) return problem = {"one filter in parentheses is expected", i}, false;
  }
  if (filter.empty() || depth > 0) return problem = {"missing )", filter.size()}, false;
  return true;
}

bool add_name(KeyTemplate& to, std::string_view name) {
  using Part = KeyTemplate::Part;
  if (name == "login" || name == "address" || name == "value") return to.part(Part::key), true;
  if (name == "local") return to.part(Part::local), true;
  if (name == "domain") return to.part(Part::domain), true;
  return false;
}

}  // namespace

std::string escape_filter(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '(' || c == ')' || c == '*' || c == '\\')
      out += fmt::format("\\{:02x}", byte);
    else
      out += c;
  }
  return out;
}

std::optional<KeyTemplate> parse_filter(std::string_view filter, FilterProblem& problem) {
  if (!is_balanced(filter, problem)) return std::nullopt;
  KeyTemplate out;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '{') {
      out.text(filter.substr(i, 1));
      continue;
    }
    const std::size_t end = filter.find('}', i);
    const std::string_view name = filter.substr(i + 1, std::min(end, filter.size()) - i - 1);
    if (end == std::string_view::npos || !add_name(out, name)) {
      problem = {fmt::format("{{{}}} is none of {{login}} {{address}} {{value}} {{local}} {{domain}}", printable(name)),
                 i};
      return std::nullopt;
    }
    i = end;
  }
  return out;
}

std::optional<KeyTemplate> parse_postfix_filter(std::string_view filter, FilterProblem& problem) {
  KeyTemplate out(KeyTemplate::Missing::nothing);
  for (std::size_t i = 0; i < filter.size(); ++i) {
    if (filter[i] != '%') {
      out.text(filter.substr(i, 1));
    } else if (i + 1 < filter.size() && filter[i + 1] == '%') {
      out.text("%"), ++i;
    } else if (i + 1 >= filter.size() || !add_percent(out, filter[++i])) {
      problem = {"% stands before none of s u d S U D 1…9 and %", i};
      return std::nullopt;
    }
  }
  return out;
}

bool is_attribute(std::string_view name) {
  if (name.empty()) return false;
  const bool oid = is_digit(name.front());
  if (!oid && !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_digit(c) || (oid ? c == '.' : is_letter(c) || c == '-'); });
}

}  // namespace postern::accounts
