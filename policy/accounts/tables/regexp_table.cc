#include "policy/accounts/tables/regexp_table.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/accounts/tables/logical_lines.h"
#include "policy/accounts/tables/regexp_template.h"
#include "policy/base/text.h"
#include "policy/rules/pattern.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostPatterns = 2000;     // local: each may take 8 MiB of RE2's
constexpr std::size_t kMostResultBytes = 4000;  // local: each group that it names may be as long as a key
constexpr std::size_t kMostNesting = 32;        // local

struct Test {
  std::shared_ptr<const rules::Pattern> pattern;
  bool negated = false;
};

/// A line. Of an `if` there are no results, and `past` is the rule to go on with where it does not hold.
struct Rule {
  Test first;
  std::optional<Test> second;
  std::optional<RegexpTemplate> result;
  std::size_t past = 0;
};

class PatternTable final : public TableContent {
 public:
  using Groups = std::vector<std::string_view>;
  explicit PatternTable(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  Reply find(std::string_view key) const override {
    for (std::size_t i = 0; i < rules_.size();) {
      const Rule& rule = rules_[i];
      const auto groups = rule.result && rule.result->most() > 0 ? rule.first.pattern->match(key) : std::nullopt;
      const bool holds = (groups || rule.first.pattern->found_in(key)) != rule.first.negated &&
                         (!rule.second || rule.second->pattern->found_in(key) != rule.second->negated);
      if (holds && rule.result) return Reply::value(rule.result->fill(groups.value_or(Groups{})));
      i = holds || rule.result ? i + 1 : rule.past;
    }
    return Reply::absent();
  }

 private:
  std::vector<Rule> rules_;
};

/// The flags of a pattern, as RE2 writes them in front of it; an Error for one that it cannot have.
Result<std::string> prefix(PatternKind kind, std::string_view flags) {
  bool ignore_case = true, lines = false, dot_all = true, ungreedy = false, anchored = false;
  for (const char flag : flags) {
    const bool pcre = kind == PatternKind::pcre;
    if (flag == 'i') {
      ignore_case = !ignore_case;
    } else if (flag == 'm') {
      lines = !lines;
      if (!pcre) dot_all = !dot_all;  // REG_NEWLINE is both
    } else if (pcre && flag == 's') {
      dot_all = !dot_all;
    } else if (pcre && flag == 'U') {
      ungreedy = !ungreedy;
    } else if (pcre && flag == 'A') {
      anchored = !anchored;
    } else if (pcre && (flag == 'E' || flag == 'X')) {
      // RE2 is never otherwise: $ is the very end, and unknown escapes are errors.
    } else {
      return Error{fmt::format("flag \"{}\" is not to be had with RE2", printable(std::string_view(&flag, 1))), {}};
    }
  }
  std::string text = ignore_case ? "(?i)" : "(?-i)";
  if (lines) text += "(?m)";
  if (dot_all) text += "(?s)";
  if (ungreedy) text += "(?U)";
  if (anchored) text += "\\A";
  return text;
}

class Reader {
 public:
  Reader(PatternKind kind, const std::string& name, Problems& problems)
      : kind_(kind), name_(name), problems_(problems) {}

  void line(const LogicalLine& line) {
    at_ = line.number;
    std::string_view rest = line.text;
    if (takes_word(rest, "if")) {
      begin(rest);
    } else if (takes_word(rest, "endif")) {
      end(rest);
    } else if (is_letter(rest.front())) {
      wrong(fmt::format("\"{}\" is no line of a table of patterns", printable(rest, 40)),
            "/pattern/flags result, if /pattern/, or endif");
    } else {
      match(rest);
    }
  }

  bool full() const { return patterns_ > kMostPatterns; }

  std::shared_ptr<const TableContent> finish() {
    for (const auto& [rule, number] : open_) problems_.error({name_, number, 1}, "this if has no endif");
    return std::make_shared<PatternTable>(std::move(rules_));
  }

 private:
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

  static bool takes_word(std::string_view& rest, std::string_view word) {
    if (!ascii_iequals(rest.substr(0, word.size()), word)) return false;
    if (rest.size() > word.size() && is_letter(rest[word.size()])) return false;
    rest.remove_prefix(word.size());
    rest = trim(rest);
    return true;
  }

  void wrong(std::string message, std::string hint = {}) {
    problems_.error({name_, at_, 1}, std::move(message), std::move(hint));
  }

  /// Takes `!/pattern/flags` off the front of `rest`.
  std::optional<Test> take_test(std::string_view& rest) {
    bool negated = false;
    while (!rest.empty() && (rest.front() == '!' || is_blank(rest.front()))) {
      if (rest.front() == '!') negated = !negated;
      rest.remove_prefix(1);
    }
    if (rest.empty()) return wrong("a pattern is missing"), std::nullopt;
    const char delimiter = rest.front();
    std::size_t end = 1;
    while (end < rest.size() && rest[end] != delimiter) end += rest[end] == '\\' ? 2 : 1;
    if (end >= rest.size())
      return wrong(fmt::format("the pattern does not end: another {} is missing", delimiter)), std::nullopt;
    const std::string_view pattern = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    std::size_t flags = 0;
    while (flags < rest.size() && !is_blank(rest[flags]) && rest[flags] != '!') ++flags;
    const Result<std::string> front = prefix(kind_, rest.substr(0, flags));
    rest.remove_prefix(flags);
    if (!front) return wrong(front.error().message), std::nullopt;
    ++patterns_;
    if (full()) return std::nullopt;
    // In a group, so that what stands in front holds for all of its alternatives.
    const auto compiled = rules::Pattern::compile(fmt::format("{}(?:{})", *front, unescaped(pattern, delimiter)));
    if (!compiled) return wrong(compiled.error().message), std::nullopt;
    return Test{*compiled, negated};
  }

  /// `\/` is `/` to Postfix's libraries, but RE2 knows no escape of a letter that means nothing.
  static std::string unescaped(std::string_view pattern, char delimiter) {
    std::string text;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] == '\\' && i + 1 < pattern.size()) {
        if (pattern[i + 1] != delimiter || !is_letter(delimiter)) text += '\\';
        ++i;
      }
      text += pattern[i];
    }
    return text;
  }

  void begin(std::string_view rest) {
    std::optional<Test> test = take_test(rest);
    if (test && !trim(rest).empty())
      wrong(fmt::format("\"{}\" stands behind an if", printable(trim(rest), 40)),
            "lines between if and endif begin without a blank");
    if (open_.size() >= kMostNesting) return wrong(fmt::format("over {} ifs in each other", kMostNesting));
    open_.emplace_back(rules_.size(), at_);
    rules_.emplace_back();
    if (test) rules_.back().first = std::move(*test);
  }

  void end(std::string_view rest) {
    if (!rest.empty()) wrong(fmt::format("\"{}\" stands behind an endif", printable(rest, 40)));
    if (open_.empty()) return wrong("this endif has no if");
    rules_[open_.back().first].past = rules_.size();
    open_.pop_back();
  }

  void match(std::string_view rest) {
    Rule rule;
    std::optional<Test> first = take_test(rest);
    if (!first) return;
    rule.first = std::move(*first);
    if (rest.starts_with('!')) {
      rule.second = take_test(rest);
      if (!rule.second) return;
    }
    rest = trim(rest);
    if (rest.empty()) return wrong("the pattern has no result");  // local: Postfix warns at each lookup
    if (rest.size() > kMostResultBytes) return wrong(fmt::format("the result is over {} bytes long", kMostResultBytes));
    Result<RegexpTemplate> result = RegexpTemplate::parse(rest);
    if (!result) return wrong(result.error().message);
    if (result->most() > 0 && rule.first.negated) return wrong("a pattern that does not match catches no groups");
    if (result->most() > rule.first.pattern->groups())
      return wrong(
          fmt::format("the result names group {}, the pattern has {}", result->most(), rule.first.pattern->groups()));
    rule.result = std::move(*result);
    rules_.push_back(std::move(rule));
  }

  const PatternKind kind_;
  const std::string& name_;
  Problems& problems_;
  int at_ = 0;
  std::vector<Rule> rules_;
  std::vector<std::pair<std::size_t, int>> open_;  ///< the ifs around the line: rule, line
  std::size_t patterns_ = 0;
};

}  // namespace

std::shared_ptr<const TableContent> read_pattern_table(PatternKind kind, const std::string& name,
                                                       const std::string& text, Problems& problems) {
  if (text.find('\0') != std::string::npos) {
    problems.error({name, 0, 0}, "it holds NUL bytes: no text");
    return nullptr;
  }
  Reader reader(kind, name, problems);
  for (const LogicalLine& line : logical_lines(name, text, problems)) {
    reader.line(line);
    if (reader.full()) {
      problems.error({name, line.number, 1}, fmt::format("over {} patterns", kMostPatterns));
      return nullptr;
    }
  }
  return reader.finish();
}

}  // namespace postern::accounts
