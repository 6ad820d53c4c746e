#include "policy/accounts/sql/sql_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/accounts/tables/percent.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

// One walk over a query. What it copies is the site's own text; what it takes out is bound.
class Reader {
 public:
  Reader(std::string_view in, Dialect dialect, std::span<const SqlParameter> parameters, bool postfix)
      : in_(in), dialect_(dialect), parameters_(parameters), postfix_(postfix) {}

  std::optional<SqlText> read(SqlProblem& problem) {
    while (at_ < in_.size() && !problem_) step();
    if (!problem_ && trim(out_.text).empty()) wrong(0, "there is no query");
    if (problem_) {
      problem = *problem_;
      return std::nullopt;
    }
    return std::move(out_);
  }

 private:
  void step() {
    const char c = in_[at_];
    if (ended_ && !is_blank(c) && !begins_comment()) return wrong(at_, "a second statement");
    if (begins_comment()) return comment();
    switch (c) {
      case '\'': return literal(c);
      case '"': return dialect_ == Dialect::mariadb ? literal(c) : quoted(c);
      case '`': return dialect_ == Dialect::postgresql ? copy(1) : quoted(c);
      case '[': return dialect_ == Dialect::sqlite ? quoted(']') : copy(1);
      case '$': return dollar();
      case '?': return question_mark();
      case '@': return dialect_ == Dialect::sqlite ? own_parameter("@") : copy(1);
      case ':': return colon();
      case '%': return postfix_ ? percent() : copy(1);
      case ';': ended_ = true, ++at_; return;
      default: return is_name(c) ? word() : copy(1);
    }
  }

  bool next_is(std::size_t offset, std::string_view text) const {
    return in_.substr(at_).substr(std::min(offset, in_.size() - at_)).starts_with(text);
  }

  void copy(std::size_t n) {
    out_.text += in_.substr(at_, n);
    at_ += std::min(n, in_.size() - at_);
  }

  void wrong(std::size_t offset, std::string message) {
    if (!problem_) problem_ = SqlProblem{std::move(message), offset};
    at_ = in_.size();
  }

  // A name, whole, so that `a$b` and `e'…'` are known for what they are.
  void word() {
    std::size_t end = at_;
    while (end < in_.size() && (is_name(in_[end]) || (in_[end] == '$' && dialect_ != Dialect::sqlite))) ++end;
    const std::string_view name = in_.substr(at_, end - at_);
    const bool escapes = dialect_ == Dialect::postgresql && ascii_iequals(name, "e") && end < in_.size();
    copy(name.size());
    if (escapes && in_[at_] == '\'') backslashed_literal();
  }

  bool begins_comment() const {
    if (next_is(0, "/*")) return true;
    if (in_[at_] == '#') return dialect_ == Dialect::mariadb;
    if (!next_is(0, "--")) return false;
    // MariaDB reads 1--1 as a subtraction.
    return dialect_ != Dialect::mariadb || at_ + 2 >= in_.size() || is_blank(in_[at_ + 2]);
  }

  // Not copied: a blank stands for it.
  void comment() {
    const std::size_t start = at_;
    out_.text += ' ';
    if (!next_is(0, "/*")) {
      at_ = std::min(in_.find('\n', at_), in_.size());
      return;
    }
    if (next_is(2, "!") || next_is(2, "M!")) return wrong(start, "a comment that is run cannot be understood");
    int depth = 0;
    do {
      if (at_ >= in_.size()) return wrong(start, "a comment without an end");
      if (next_is(0, "/*") && (depth == 0 || dialect_ == Dialect::postgresql))
        ++depth, at_ += 2;
      else if (next_is(0, "*/"))
        --depth, at_ += 2;
      else
        ++at_;
    } while (depth > 0);
  }

  char next_after(std::size_t at) const { return at + 1 < in_.size() ? in_[at + 1] : '\0'; }

  // A name in quotes; the quote doubled stands for itself.
  void quoted(char quote) {
    std::size_t end = in_.find(quote, at_ + 1);
    while (end < in_.size() && next_after(end) == quote && quote != ']') end = in_.find(quote, end + 2);
    if (end == std::string_view::npos) return wrong(at_, "a quote without an end");
    const std::string_view name = in_.substr(at_, end + 1 - at_);
    if (postfix_ && name.find('%') != std::string_view::npos)
      return wrong(at_ + name.find('%'), "a % in a quoted name cannot be bound");
    copy(name.size());
  }

  // E'…' of PostgreSQL.
  void backslashed_literal() {
    const std::size_t start = at_;
    std::size_t end = at_ + 1;
    for (; end < in_.size(); ++end) {
      if (in_[end] == '\\')
        ++end;
      else if (in_[end] == '\'' && end + 1 < in_.size() && in_[end + 1] == '\'')
        ++end;
      else if (in_[end] == '\'')
        break;
    }
    if (end >= in_.size()) return wrong(start, "a quote without an end");
    const std::size_t percent = in_.substr(start, end - start).find('%');
    if (postfix_ && percent != std::string_view::npos) return wrong(start + percent, "a % in E'…' cannot be bound");
    copy(end + 1 - start);
  }

  void literal(char quote) {
    const std::size_t start = at_;
    KeyTemplate value(KeyTemplate::Missing::nothing);
    for (++at_;; ++at_) {
      if (at_ >= in_.size()) return wrong(start, "a quote without an end");
      const char c = in_[at_];
      if (c == quote) {
        if (!next_is(1, std::string_view(&quote, 1))) break;
        value.text(std::string_view(&quote, 1));
        ++at_;
      } else if (c == '\\' && dialect_ == Dialect::mariadb && at_ + 1 < in_.size()) {
        // Postfix puts its parts in before anybody reads a backslash.
        value.text(postfix_ && in_[at_ + 1] == '%' ? "\\" : unescaped(in_[++at_]));
      } else if (c == '%' && postfix_) {
        if (at_ + 1 < in_.size() && in_[at_ + 1] == '%')
          value.text("%");
        else if (at_ + 1 >= in_.size() || !add_percent(value, in_[at_ + 1]))
          return wrong(at_, "% stands before none of s u d S U D 1…9 and %");
        ++at_;
      } else {
        value.text(in_.substr(at_, 1));
      }
    }
    ++at_;
    if (value.has_parts()) return bind(std::move(value));
    std::string_view text = in_.substr(start, at_ - start);
    for (std::size_t i; postfix_ && (i = text.find("%%")) != std::string_view::npos; text.remove_prefix(i + 2))
      out_.text += text.substr(0, i + 1);
    out_.text += text;
  }

  // mysql: what a backslash makes of a character in a literal.
  static std::string unescaped(char c) {
    switch (c) {
      case 'n': return "\n";
      case 't': return "\t";
      case 'r': return "\r";
      case 'b': return "\b";
      case '0': return std::string(1, '\0');
      case 'Z': return "\x1a";
      case '%': return "\\%";  // kept for LIKE
      case '_': return "\\_";
      default: return std::string(1, c);
    }
  }

  void dollar() {
    if (dialect_ == Dialect::mariadb) return copy(1);
    if (dialect_ == Dialect::sqlite) return own_parameter("$");
    std::size_t end = at_ + 1;
    if (end < in_.size() && is_digit(in_[end])) return own_parameter("$ and a number");
    while (end < in_.size() && is_name(in_[end])) ++end;
    if (end >= in_.size() || in_[end] != '$') return copy(1);
    const std::string_view tag = in_.substr(at_, end + 1 - at_);
    const std::size_t close = in_.find(tag, end + 1);
    if (close == std::string_view::npos) return wrong(at_, "a quote without an end");
    const std::string_view whole = in_.substr(at_, close + tag.size() - at_);
    if (postfix_ && whole.find('%') != std::string_view::npos) return wrong(at_, "a % in $$…$$ cannot be bound");
    copy(whole.size());
  }

  void question_mark() {
    if (dialect_ == Dialect::postgresql) return copy(1);  // an operator of its JSON
    own_parameter("?");
  }

  void own_parameter(std::string_view what) {
    wrong(at_, fmt::format("{} would be a parameter of the database's own", what));
  }

  void colon() {
    if (next_is(1, ":") || next_is(1, "=")) return copy(2);
    std::size_t end = at_ + 1;
    while (end < in_.size() && is_name(in_[end])) ++end;
    const std::string_view name = in_.substr(at_ + 1, end - at_ - 1);
    if (postfix_ || name.empty() || is_digit(name.front())) return copy(1);
    const auto known = std::find_if(parameters_.begin(), parameters_.end(),
                                    [&](const SqlParameter& parameter) { return parameter.name == name; });
    if (known == parameters_.end()) {
      std::string names;
      for (const SqlParameter& parameter : parameters_) names += fmt::format(" :{}", parameter.name);
      return wrong(at_, fmt::format("there is no parameter :{}; there are{}", printable(name), names));
    }
    KeyTemplate value;
    value.part(known->part);
    at_ = end;
    bind(std::move(value));
  }

  void percent() {
    if (next_is(1, "%")) {
      out_.text += '%';
      at_ += 2;
      return;
    }
    KeyTemplate value(KeyTemplate::Missing::nothing);
    if (at_ + 1 >= in_.size() || !add_percent(value, in_[at_ + 1]))
      return wrong(at_, "% stands before none of s u d S U D 1…9 and %");
    at_ += 2;
    bind(std::move(value));
  }

  void bind(KeyTemplate value) {
    out_.bound.push_back(std::move(value));
    switch (dialect_) {
      case Dialect::postgresql: out_.text += fmt::format("${}", out_.bound.size()); break;
      case Dialect::sqlite: out_.text += fmt::format("?{}", out_.bound.size()); break;
      case Dialect::mariadb: out_.text += '?'; break;
    }
    if (at_ < in_.size() && is_name(in_[at_])) out_.text += ' ';  // $1 and 2 are not $12
  }

  const std::string_view in_;
  const Dialect dialect_;
  const std::span<const SqlParameter> parameters_;
  const bool postfix_;
  std::size_t at_ = 0;
  bool ended_ = false;
  SqlText out_;
  std::optional<SqlProblem> problem_;
};

}  // namespace

std::optional<SqlText> parse_query(std::string_view query, Dialect dialect, std::span<const SqlParameter> parameters,
                                   SqlProblem& problem) {
  return Reader(query, dialect, parameters, false).read(problem);
}

std::optional<SqlText> parse_postfix_query(std::string_view query, Dialect dialect, SqlProblem& problem) {
  return Reader(query, dialect, {}, true).read(problem);
}

bool add_percent(KeyTemplate& to, char character) {
  using Part = KeyTemplate::Part;
  switch (character) {
    case 's':
    case 'S': to.part(Part::key); return true;
    case 'u':
    case 'U': to.part(Part::local); return true;
    case 'd':
    case 'D': to.part(Part::domain); return true;
    default:
      if (character < '1' || character > '9') return false;
      to.part(Part::label, static_cast<std::size_t>(character - '0'));
      return true;
  }
}

}  // namespace postern::accounts
