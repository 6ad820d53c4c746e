#include "policy/rules/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/base/text.h"
#include "policy/rules/lexer.h"

namespace postern::rules {

namespace {

struct Mistake {
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};

constexpr std::array<std::string_view, 17> kKeywords{"and",  "or",    "not",     "any",      "no",     "every",
                                                     "is",   "in",    "matches", "contains", "starts", "ends",
                                                     "with", "looks", "like",    "AND",      "OR"};

bool is_keyword(const Token& t) {
  return t.kind == Token::Kind::word && std::find(kKeywords.begin(), kKeywords.end(), t.text) != kKeywords.end();
}

bool is_unit(const Token& t) {
  constexpr std::array<std::string_view, 9> kUnits{"B", "KB", "MB", "GB", "ms", "s", "m", "h", "d"};
  return t.kind == Token::Kind::word && std::find(kUnits.begin(), kUnits.end(), t.text) != kUnits.end();
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A recursive descent over the grammar of LANGUAGE 3. The first mistake ends it: what follows one is rarely worth
// reading.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(tokenize(text)) {}

  std::optional<Syntax> parse() {
    std::optional<Syntax> result = junction();
    if (!result) return std::nullopt;
    if (!at_end()) return trailing(*result), std::nullopt;
    return result;
  }

  const Mistake& mistake() const { return mistake_; }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(next_ + ahead, tokens_.size() - 1)]; }
  bool at_end() const { return peek().kind == Token::Kind::end; }
  const Token& take() {
    const Token& t = peek();
    if (next_ + 1 < tokens_.size()) ++next_;
    last_end_ = t.offset + t.size;
    return t;
  }
  bool take_sign(std::string_view sign) { return peek().is_sign(sign) && (take(), true); }
  bool take_word(std::string_view word) { return peek().is_word(word) && (take(), true); }

  std::nullopt_t fail(std::size_t offset, std::string message, std::string hint = {}) {
    if (mistake_.message.empty()) mistake_ = {offset, std::move(message), std::move(hint)};
    return std::nullopt;
  }

  std::nullopt_t unexpected(std::string_view wanted) {
    const Token& t = peek();
    if (t.kind == Token::Kind::wrong) return fail(t.offset, t.text);
    if (t.kind == Token::Kind::end)
      return fail(t.offset, fmt::format("the expression ends where {} should stand", wanted));
    return fail(t.offset, fmt::format("\"{}\" stands where {} should stand", printable(t.text), wanted));
  }

  void trailing(const Syntax& done) {
    const Token& t = peek();
    if (t.kind == Token::Kind::wrong) return void(fail(t.offset, t.text));
    if (t.is_sign(")")) return void(fail(t.offset, "this ) closes nothing"));
    if (t.is_word("AND") || t.is_word("OR") || t.is_word("NOT"))
      return void(fail(t.offset, fmt::format("\"{}\" is written in lower case", t.text), ascii_lower(t.text)));
    if (done.kind == Syntax::Kind::bare && t.is_sign("[")) return void(fail(t.offset, "[ ] stands behind is or in"));
    if (is_keyword(t) || t.kind == Token::Kind::sign)
      return void(fail(t.offset, fmt::format("\"{}\" can not stand here", t.text)));
    fail(t.offset, fmt::format("\"{}\" stands where and, or or the end should stand", printable(t.text)),
         t.kind == Token::Kind::word ? "text stands in quotes" : "");
  }

  // or-expr and and-expr at once, so that a mixture can be shown whole.
  std::optional<Syntax> junction() {
    if (++depth_ > kMaxExpressionDepth)
      return fail(peek().offset, fmt::format("more than {} levels of ( )", kMaxExpressionDepth),
                  "give parts names in define:");
    std::vector<Syntax> parts;
    std::vector<bool> is_and;
    std::size_t second_operator = 0;
    bool mixed = false;
    for (;;) {
      std::optional<Syntax> part = unary();
      if (!part) return std::nullopt;
      parts.push_back(std::move(*part));
      const bool conjunction = peek().is_word("and");
      if (!conjunction && !peek().is_word("or")) break;
      if (!is_and.empty() && !mixed && conjunction != is_and.back()) {
        mixed = true;
        second_operator = peek().offset;
      }
      is_and.push_back(conjunction);
      take();
    }
    --depth_;
    if (mixed) return fail(second_operator, "and and or are mixed", both_readings(parts, is_and));
    if (parts.size() == 1) return std::move(parts.front());
    Syntax result;
    result.kind = is_and.front() ? Syntax::Kind::all : Syntax::Kind::any;
    result.offset = parts.front().offset;
    result.end = parts.back().end;
    result.parts = std::move(parts);
    return result;
  }

  std::string both_readings(const std::vector<Syntax>& parts, const std::vector<bool>& is_and) const {
    const auto reading = [&](bool and_first) {
      std::string out;
      for (std::size_t i = 0; i < parts.size();) {
        std::size_t last = i;
        while (last < is_and.size() && is_and[last] == and_first) ++last;
        const std::string piece(text_.substr(parts[i].offset, parts[last].end - parts[i].offset));
        out += last > i ? '(' + piece + ')' : piece;
        if (last < is_and.size()) out += is_and[last] ? " and " : " or ";
        i = last + 1;
      }
      return out;
    };
    return fmt::format("write \"{}\", or \"{}\"", reading(true), reading(false));
  }

  std::optional<Syntax> unary() {
    const Token& t = peek();
    const std::size_t offset = t.offset;
    std::optional<Syntax> result;
    if (t.is_word("not"))
      result = negation();
    else if (t.is_word("any") || t.is_word("no") || t.is_word("every"))
      result = quantified();
    else if (t.is_sign("("))
      result = parenthesized();
    else
      result = comparison();
    if (!result) return std::nullopt;
    result->offset = offset;
    result->end = last_end_;
    return result;
  }

  std::optional<Syntax> parenthesized() {
    const std::size_t open = take().offset;
    std::optional<Syntax> inner = junction();
    if (!inner) return std::nullopt;
    if (!take_sign(")"))
      return peek().kind == Token::Kind::end ? fail(open, "this ( is never closed") : unexpected("and, or or )");
    return inner;
  }

  std::optional<Syntax> negation() {
    const std::size_t offset = take().offset;
    Syntax result;
    result.kind = Syntax::Kind::negation;
    if (peek().is_sign("(")) {
      std::optional<Syntax> inner = parenthesized();
      if (!inner) return std::nullopt;
      result.parts.push_back(std::move(*inner));
      return result;
    }
    if (peek().is_word("not")) return fail(peek().offset, "not not", "leave out both");
    std::optional<Syntax> inner = unary();
    if (!inner) return std::nullopt;
    if (inner->kind == Syntax::Kind::comparison) {
      return fail(offset, "not stands before a yes/no fact or ( )",
                  fmt::format("write not ({})", text_.substr(inner->offset, inner->end - inner->offset)));
    }
    if (inner->kind != Syntax::Kind::bare) return fail(offset, "not stands before a yes/no fact or ( )");
    result.parts.push_back(std::move(*inner));
    return result;
  }

  std::optional<Syntax> quantified() {
    Syntax result;
    result.kind = Syntax::Kind::quantified;
    const std::string word = take().text;
    result.quantifier = word == "any"  ? Syntax::Quantifier::any
                        : word == "no" ? Syntax::Quantifier::no
                                       : Syntax::Quantifier::every;
    if (peek().kind != Token::Kind::word || is_keyword(peek())) return unexpected("the name of a fact");
    const Token& name = take();
    result.name = {name.text, name.offset, false, {}};
    if (!peek().is_sign("(")) return result;
    std::optional<Syntax> inner = parenthesized();
    if (!inner) return std::nullopt;
    result.parts.push_back(std::move(*inner));
    return result;
  }

  std::optional<Syntax> comparison() {
    if (peek().kind == Token::Kind::text)
      return fail(peek().offset, "a text stands where a fact should stand",
                  "the fact comes first: sender == \"a@example.org\"");
    if (peek().is_word("AND") || peek().is_word("OR") || peek().is_word("NOT"))
      return fail(peek().offset, fmt::format("\"{}\" is written in lower case", peek().text), ascii_lower(peek().text));
    if (peek().kind != Token::Kind::word || is_keyword(peek())) return unexpected("a fact");
    Syntax result;
    result.kind = Syntax::Kind::bare;
    const Token& name = take();
    result.name = {name.text, name.offset, false, {}};
    const Token& t = peek();
    result.op_offset = t.offset;
    if (t.kind == Token::Kind::sign) {
      constexpr std::array<std::pair<std::string_view, Operator>, 6> kSigns{{{"==", Operator::equal},
                                                                             {"!=", Operator::equal},
                                                                             {"<", Operator::less},
                                                                             {"<=", Operator::less_equal},
                                                                             {">", Operator::greater},
                                                                             {">=", Operator::greater_equal}}};
      for (const auto& [sign, op] : kSigns) {
        if (!t.is_sign(sign)) continue;
        result.negated = t.is_sign("!=");
        take();
        return value_of(std::move(result), op, false);
      }
      return result;
    }
    if (take_word("is")) {
      result.negated = take_word("not");
      if (peek().is_word("in")) return fail(peek().offset, "is in", result.negated ? "write not in" : "write in");
      return value_of(std::move(result), Operator::is, true);
    }
    if (take_word("in")) return value_of(std::move(result), Operator::in, true);
    if (peek().is_word("not") && peek(1).is_word("in")) {
      take();
      take();
      result.negated = true;
      return value_of(std::move(result), Operator::in, true);
    }
    if (peek().is_word("not") && peek(1).kind == Token::Kind::word) {
      for (const std::string_view op : {"matches", "contains", "starts", "ends"}) {
        if (peek(1).is_word(op))
          return fail(peek().offset, fmt::format("not {} is no comparison", op),
                      fmt::format("write not ({} {} …)", name.text, op));
      }
    }
    if (take_word("matches")) return value_of(std::move(result), Operator::matches, true);
    if (take_word("contains")) return value_of(std::move(result), Operator::contains, true);
    for (const auto& [word, op] : {std::pair{"starts", Operator::starts_with}, {"ends", Operator::ends_with}}) {
      if (!take_word(word)) continue;
      if (!take_word("with")) return unexpected("with");
      return value_of(std::move(result), op, true);
    }
    if (take_word("looks")) {
      if (!take_word("like")) return unexpected("like");
      return value_of(std::move(result), Operator::looks_like, false);
    }
    return result;
  }

  std::optional<Syntax> value_of(Syntax result, Operator op, bool brackets) {
    result.kind = Syntax::Kind::comparison;
    result.op = op;
    if (peek().is_sign("[")) {
      const std::size_t open = peek().offset;
      if (!brackets) return fail(open, "one value stands here, not [ ]");
      take();
      result.bracketed = true;
      if (peek().is_sign("]")) return fail(open, "[ ] is empty");
      do {
        std::optional<Word> word = value();
        if (!word) return std::nullopt;
        result.values.push_back(std::move(*word));
      } while (take_sign(","));
      if (take_sign("]")) return result;
      if (peek().kind == Token::Kind::end) return fail(open, "this [ is never closed");
      return fail(peek().offset, fmt::format("\"{}\" stands where , or ] should stand", printable(peek().text)),
                  "a text of several words stands in quotes");
    }
    std::optional<Word> word = value();
    if (!word) return std::nullopt;
    result.values.push_back(std::move(*word));
    return result;
  }

  std::optional<Word> value() {
    const Token& t = peek();
    if ((t.kind != Token::Kind::word && t.kind != Token::Kind::text) || t.is_word("and") || t.is_word("or") ||
        t.is_word("not"))
      return unexpected("a value");
    take();
    Word word{t.text, t.offset, t.kind == Token::Kind::text, {}};
    if (!word.quoted && is_number(word.text) && is_unit(peek())) word.unit = take().text;
    return word;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t next_ = 0;
  std::size_t last_end_ = 0;
  int depth_ = 0;
  Mistake mistake_;
};

}  // namespace

std::optional<Syntax> parse_expression(const Node& node, Problems& problems) {
  if (!node.is_scalar()) {
    problems.error(node.where, fmt::format("a condition is one text, not {}", node.describe()),
                   node.is_list() ? "write it in one text with and, or" : "put it in quotes");
    return std::nullopt;
  }
  if (node.text.size() > kMaxExpressionBytes) {
    problems.error(node.where, fmt::format("a condition has at most {} bytes", kMaxExpressionBytes),
                   "put values into lists:");
    return std::nullopt;
  }
  Parser parser(node.text);
  std::optional<Syntax> result = parser.parse();
  if (result) return result;
  Mistake mistake = parser.mistake();
  if (node.comment_follows) mistake.hint = "the # behind it begins a comment: put the whole condition in quotes";
  problems.error(node.at(mistake.offset), std::move(mistake.message), std::move(mistake.hint));
  return std::nullopt;
}

}  // namespace postern::rules
