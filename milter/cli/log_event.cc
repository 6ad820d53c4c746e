#include "milter/cli/log_event.h"

#include "milter/json.h"

namespace postern::cli {

namespace {

constexpr std::size_t kMostFields = 200;  // local: a decision has some 40

// The value at `at`, which moves behind it: a word, or quoted with \" and \\ in it.
std::string value_at(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '"') {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string value(text.substr(at, end - at));
    at = end;
    return value;
  }
  std::string value;
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  at = std::min(at + 1, text.size());
  return value;
}

std::map<std::string, std::string> read_logfmt(std::string_view text) {
  std::map<std::string, std::string> fields;
  for (std::size_t at = 0; at < text.size() && fields.size() < kMostFields;) {
    const std::size_t equals = text.find('=', at);
    const std::size_t blank = text.find(' ', at);
    if (equals == std::string_view::npos || blank < equals) break;
    std::string name(text.substr(at, equals - at));
    at = equals + 1;
    fields.emplace(std::move(name), value_at(text, at));  // the first of a name counts
    if (at < text.size() && text[at] == ' ') ++at;
  }
  return fields;
}

std::map<std::string, std::string> read_json(std::string_view text) {
  std::map<std::string, std::string> fields;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fields;
  for (const auto& [name, value] : json.items()) {
    if (fields.size() >= kMostFields) break;
    if (value.is_string()) {
      fields.emplace(name, value.get<std::string>());
    } else if (value.is_primitive()) {
      fields.emplace(name, value.dump());
    }
  }
  return fields;
}

}  // namespace

bool is_event(std::string_view text) { return text.starts_with("event=") || text.starts_with("{\"event\":"); }

std::map<std::string, std::string> read_event(std::string_view text) {
  return text.starts_with('{') ? read_json(text) : read_logfmt(text);
}

}  // namespace postern::cli
