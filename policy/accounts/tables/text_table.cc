#include "policy/accounts/tables/text_table.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "policy/accounts/tables/logical_lines.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostWarnings = 20;  // local: the rest is counted

class TextTable final : public TableContent {
 public:
  Reply find(std::string_view key) const override {
    const auto found = values_.find(fold(key));
    return found == values_.end() ? Reply::absent() : Reply::value(found->second);
  }
  bool add(std::string_view key, std::string_view value) { return values_.emplace(fold(key), value).second; }
  std::size_t size() const { return values_.size(); }

 private:
  std::unordered_map<std::string, std::string> values_;
};

/// The end of the key: the first blank outside of quotes. Nothing where a quote is not closed.
std::size_t end_of_key(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (is_blank(line[i]) && !quoted) {
      return i;
    }
  }
  return quoted ? std::string_view::npos : line.size();
}

}  // namespace

std::shared_ptr<const TableContent> read_text_table(const std::string& name, const std::string& text,
                                                    Problems& problems) {
  if (text.find('\0') != std::string::npos) {
    problems.error({name, 0, 0}, "it holds NUL bytes: no text", "name the file that postmap reads");
    return nullptr;
  }
  auto table = std::make_shared<TextTable>();
  std::size_t warnings = 0;
  const auto warn = [&](int line, std::string message, std::string hint = {}) {
    if (++warnings <= kMostWarnings) problems.warning({name, line, 1}, std::move(message), std::move(hint));
  };
  for (const LogicalLine& line : logical_lines(name, text, problems)) {
    const std::string_view whole = line.text;
    const std::size_t end = end_of_key(whole);
    if (end == std::string_view::npos) {
      warn(line.number, "a quote is not closed: the line is passed over");
      continue;
    }
    const std::string_view key = whole.substr(0, end), value = trim(whole.substr(end));
    if (value.empty()) {
      warn(line.number, fmt::format("\"{}\" has no value: the line is passed over", printable(key)),
           "write: key, blanks, value");
    } else if (replace_invalid_utf8(whole) != whole) {
      warn(line.number, "the line is no UTF-8, and passed over");
    } else if (!table->add(key, value)) {
      warn(line.number, fmt::format("\"{}\" stands above already: that one holds", printable(key)));
    } else if (key.ends_with(':')) {
      warn(line.number, fmt::format("the key \"{}\" ends in a colon", printable(key)),
           "aliases(5) have a form of their own");
    }
    if (table->size() > kMostTableEntries) {
      problems.error({name, line.number, 1}, fmt::format("over {} entries", kMostTableEntries));
      return nullptr;
    }
  }
  if (warnings > kMostWarnings)
    problems.warning({name, 0, 0}, fmt::format("{} more lines like these", warnings - kMostWarnings));
  return table;
}

}  // namespace postern::accounts
