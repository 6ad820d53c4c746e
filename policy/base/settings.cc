#include "policy/base/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/base/text.h"

namespace postern {

using std::chrono::milliseconds;

namespace {

std::string duration_text(milliseconds d) {
  const auto ms = d.count();
  if (ms == 0) return "0s";
  for (const auto& [unit, size] : {std::pair{"d", 86400000LL}, {"h", 3600000LL}, {"m", 60000LL}, {"s", 1000LL}}) {
    if (ms >= size && ms % size == 0) return fmt::format("{}{}", ms / size, unit);
  }
  return fmt::format("{}ms", ms);
}

}  // namespace

bool parse_duration(std::string_view text, milliseconds& out) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || n < 0) return false;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::int64_t factor = 0;
  if (unit == "ms")
    factor = 1;
  else if (unit == "s")
    factor = 1000;
  else if (unit == "m")
    factor = 60'000;
  else if (unit == "h")
    factor = 3'600'000;
  else if (unit == "d")
    factor = 86'400'000;
  if (factor == 0 || n > INT64_MAX / factor) return false;
  out = milliseconds(n * factor);
  return true;
}

bool parse_flag(std::string_view text, bool& out) {
  if (text == "true" || text == "yes" || text == "on") return out = true, true;
  if (text == "false" || text == "no" || text == "off") return out = false, true;
  return false;
}

Settings::Settings(std::string part, const Node* map, Problems& problems)
    : part_(std::move(part)), map_(map), problems_(problems) {
  if (map_ == nullptr || map_->is_null()) {
    map_ = nullptr;
  } else if (!map_->is_map()) {
    problems_.error(map_->where, fmt::format("{} wants settings (a map), not {}", part_, map_->describe()));
    map_ = nullptr;
  }
}

Place Settings::where(std::string_view key) const {
  const Node* const node = map_ == nullptr || key.empty() ? map_ : map_->find(key);
  return node == nullptr ? Place{} : node->where;
}

std::string Settings::named(std::string_view key) const {
  return part_.empty() ? std::string(key) : fmt::format("{}.{}", part_, key);
}

const Node* Settings::node(std::string_view key, std::string_view form, std::string_view fallback,
                           std::string_view doc) {
  asked_.push_back({std::string(key), std::string(form), std::string(fallback), std::string(doc)});
  known_.emplace_back(key);
  return map_ == nullptr ? nullptr : map_->find(key);
}

const Node* Settings::scalar(std::string_view key) {
  const Node* value = map_ == nullptr ? nullptr : map_->find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_scalar()) {
    problems_.error(value->where, fmt::format("{} wants one value, not {}", named(key), value->describe()));
    return nullptr;
  }
  return value;
}

milliseconds Settings::duration(std::string_view key, milliseconds fallback, milliseconds least, milliseconds most,
                                std::string_view doc) {
  node(key, "duration", duration_text(fallback), doc);
  const Node* value = scalar(key);
  if (value == nullptr) return fallback;
  milliseconds d{};
  if (!parse_duration(value->text, d)) {
    problems_.error(value->where, fmt::format("{}: \"{}\" is no duration", named(key), printable(value->text)),
                    "write 500ms, 5s, 2m, 24h or 7d");
    return fallback;
  }
  if (d < least || d > most) {
    problems_.error(value->where, fmt::format("{}: {} is out of range", named(key), printable(value->text)),
                    fmt::format("from {} to {}", duration_text(least), duration_text(most)));
    return fallback;
  }
  return d;
}

std::int64_t Settings::number(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most,
                              std::string_view doc) {
  node(key, "number", std::to_string(fallback), doc);
  const Node* value = scalar(key);
  if (value == nullptr) return fallback;
  std::int64_t n = 0;
  const char* last = value->text.data() + value->text.size();
  const auto [end, error] = std::from_chars(value->text.data(), last, n);
  if (error != std::errc() || end != last || n < least || n > most) {
    problems_.error(value->where, fmt::format("{}: \"{}\" is no number from {} to {}", named(key),
                                              printable(value->text), least, most));
    return fallback;
  }
  return n;
}

bool Settings::flag(std::string_view key, bool fallback, std::string_view doc) {
  node(key, "yes or no", fallback ? "yes" : "no", doc);
  const Node* value = scalar(key);
  if (value == nullptr) return fallback;
  bool on = fallback;
  if (!parse_flag(value->text, on))
    problems_.error(value->where, fmt::format("{}: \"{}\" is neither yes nor no", named(key), printable(value->text)));
  return on;
}

std::string Settings::word(std::string_view key, std::string_view fallback, std::span<const std::string_view> words,
                           std::string_view doc) {
  std::vector<std::string> names(words.begin(), words.end());
  node(key, join(names, " | "), fallback, doc);
  const Node* value = scalar(key);
  if (value == nullptr) return std::string(fallback);
  if (std::find(names.begin(), names.end(), value->text) == names.end()) {
    problems_.error(value->where,
                    fmt::format("{} has no value \"{}\" ({})", named(key), printable(value->text), join(names, ", ")),
                    did_you_mean(value->text, names));
    return std::string(fallback);
  }
  return value->text;
}

std::string Settings::text(std::string_view key, std::string_view fallback, std::string_view doc) {
  node(key, "text", fallback, doc);
  const Node* value = scalar(key);
  return value == nullptr ? std::string(fallback) : value->text;
}

std::vector<std::string> Settings::texts(std::string_view key, std::string_view fallback, std::string_view doc) {
  const Node* value = node(key, "list of texts", fallback, doc);
  std::vector<std::string> result;
  if (value == nullptr) return result;
  if (value->is_scalar()) return {value->text};
  if (!value->is_list()) {
    problems_.error(value->where, fmt::format("{} wants a list, not {}", named(key), value->describe()));
    return result;
  }
  for (const Node& item : value->items) {
    if (item.is_scalar())
      result.push_back(item.text);
    else
      problems_.error(item.where, fmt::format("{} wants a list of texts, this is {}", named(key), item.describe()));
  }
  return result;
}

void Settings::later(std::string_view key) {
  known_.emplace_back(key);
  if (map_ == nullptr) return;
  for (const auto& [name, value] : map_->entries) {
    if (name.text == key) problems_.later(name.where, fmt::format("setting {}", named(key)));
  }
}

void Settings::finish() {
  if (map_ == nullptr) return;
  for (const auto& [name, value] : map_->entries) {
    if (std::find(known_.begin(), known_.end(), name.text) != known_.end()) continue;
    std::vector<std::string> names = known_;
    problems_.error(name.where, fmt::format("{} has no setting \"{}\"", part_, printable(name.text)),
                    names.empty() ? std::string("it has none") : did_you_mean(name.text, names));
  }
}

}  // namespace postern
