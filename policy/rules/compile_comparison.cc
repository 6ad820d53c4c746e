#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "policy/base/text.h"
#include "policy/rules/compile_expression.h"
#include "policy/rules/list_entries.h"

namespace postern::rules {

namespace {

std::string_view sign(const Syntax& s) {
  switch (s.op) {
    case Operator::is: return s.negated ? "is not" : "is";
    case Operator::in: return s.negated ? "not in" : "in";
    case Operator::matches: return "matches";
    case Operator::contains: return "contains";
    case Operator::starts_with: return "starts with";
    case Operator::ends_with: return "ends with";
    case Operator::equal: return s.negated ? "!=" : "==";
    case Operator::less: return "<";
    case Operator::less_equal: return "<=";
    case Operator::greater: return ">";
    case Operator::greater_equal: return ">=";
    case Operator::looks_like: return "looks like";
  }
  return "";
}

bool is_order(Operator op) {
  return op == Operator::less || op == Operator::less_equal || op == Operator::greater || op == Operator::greater_equal;
}
bool is_text_search(Operator op) {
  return op == Operator::matches || op == Operator::contains || op == Operator::starts_with ||
         op == Operator::ends_with;
}
bool is_numeric(FactType type) { return type == FactType::number || type == FactType::bytes; }

std::string fits_type(const FactDoc& doc, std::string_view name) {
  switch (doc.type) {
    case FactType::text:
    case FactType::address: return fmt::format("{} == \"…\", {} in LIST, {} matches \"…\"", name, name, name);
    case FactType::domain: return fmt::format("{} == \"example.org\", or {} in [example.org]", name, name);
    case FactType::ip: return fmt::format("{} in [192.0.2.0/24]", name);
    case FactType::number: return fmt::format("{} > 5", name);
    case FactType::bytes: return fmt::format("{} > 25 MB", name);
    case FactType::yes_no: return fmt::format("write {}, or not {}", name, name);
    case FactType::word: return fmt::format("{} is {}", name, doc.words.front());
  }
  return {};
}

bool takes(FactType type, Operator op) {
  switch (type) {
    case FactType::text:
    case FactType::address:
    case FactType::domain: return op == Operator::equal || op == Operator::in || is_text_search(op);
    case FactType::ip: return op == Operator::equal || op == Operator::in;
    case FactType::number:
    case FactType::bytes: return op == Operator::equal || op == Operator::in || is_order(op);
    case FactType::yes_no: return false;
    case FactType::word: return op == Operator::is;
  }
  return false;
}

// Sizes are powers of 1024, as MTAs count them.
std::optional<std::int64_t> factor_of(std::string_view unit) {
  if (unit.empty() || unit == "B") return 1;
  if (unit == "KB") return std::int64_t{1} << 10;
  if (unit == "MB") return std::int64_t{1} << 20;
  if (unit == "GB") return std::int64_t{1} << 30;
  return std::nullopt;
}

// LANGUAGE 3: an address as people write it and as the wire has it are one text.
std::string normal_form(std::string_view text, FactType type) {
  if (type == FactType::domain) {
    if (const auto domain = Domain::parse(text)) return domain->text();
  } else if (type == FactType::address) {
    if (const Path path = Path::parse(text); path.mailbox) return fold(path.mailbox->text());
  } else if (type == FactType::ip) {
    if (const auto ip = IpAddress::parse(text)) return ip->text();
  }
  return fold(text);
}

std::string bracketed_names(std::span<const Outcome> outcomes) {
  std::vector<std::string> names;
  for (const Outcome& o : outcomes) names.emplace_back(o.name);
  return join(names, ", ");
}

}  // namespace

Expression ExpressionCompiler::compare_check(const Syntax& s, std::size_t check) {
  const CheckDecl& decl = program_.checks[check];
  Expression e;
  e.kind = Expression::Kind::check;
  e.check = check;
  e.negated = s.negated;
  if (s.op != Operator::is) {
    error(s.op_offset, fmt::format("{} is a check and takes is, not {}", decl.name, sign(s)),
          decl.outcomes.empty() ? "" : fmt::format("{} is {}", decl.name, decl.outcomes.front().name));
    return e;
  }
  std::vector<std::string> names;
  for (const Outcome& o : decl.outcomes) names.emplace_back(o.name);
  for (const Word& value : s.values) {
    const auto found = std::find(names.begin(), names.end(), value.text);
    if (value.quoted) {
      error(value.offset, fmt::format("an outcome stands without quotes: \"{}\"", printable(value.text)),
            printable(value.text));
    } else if (found == names.end()) {
      error(value.offset,
            fmt::format("\"{} {} {}\": {} has no outcome \"{}\" ({})", decl.name, sign(s), printable(value.text),
                        decl.name, printable(value.text), bracketed_names(decl.outcomes)),
            did_you_mean(value.text, names));
    } else {
      const auto index = static_cast<std::size_t>(found - names.begin());
      e.outcomes |= std::uint64_t{1} << index;
      if (decl.outcomes[index].failure == Failure::no) continue;
      // LANGUAGE 5: named un-negated, or not at all.
      if (s.negated || under_negation_)
        error(value.offset,
              fmt::format("{} of {} says that the check failed, and can not be negated", value.text, decl.name),
              fmt::format("{} is {}", decl.name, value.text));
      else
        remarks_->failures.push_back({at(value.offset), fmt::format("{} is {}", decl.name, value.text)});
    }
  }
  return e;
}

Expression ExpressionCompiler::compare_fact(const Syntax& s, const Meaning& meaning) {
  const FactDoc& doc = *meaning.doc;
  const std::string& name = s.name.text;
  Expression e;
  e.kind = Expression::Kind::fact;
  e.fact = meaning.index;
  e.negated = s.negated;
  if (!takes(doc.type, s.op)) {
    error(s.op_offset, fmt::format("{} does not take {}", name, sign(s)), fits_type(doc, name));
    return {};
  }
  if (s.op == Operator::equal && doc.type == FactType::address && s.values.front().quoted &&
      s.values.front().text.empty()) {
    e.kind = Expression::Kind::present;  // sender == "": the null reverse-path is no address
    e.negated = !s.negated;
    return e;
  }
  if (doc.type == FactType::word)
    e.test = word_test(s, doc);
  else if (is_numeric(doc.type))
    e.test = number_test(s, doc.type);
  else if (s.op == Operator::in)
    e.test = list_test(s, doc.type);
  else
    e.test = text_test(s, doc.type);
  if (!e.test) return {};
  return e;
}

std::shared_ptr<Test> ExpressionCompiler::word_test(const Syntax& s, const FactDoc& doc) {
  auto test = std::make_shared<Test>();
  const std::vector<std::string> words(doc.words.begin(), doc.words.end());
  for (const Word& value : s.values) {
    if (value.quoted)
      error(value.offset, fmt::format("a value of {} stands without quotes", doc.name), printable(value.text));
    else if (std::find(words.begin(), words.end(), value.text) == words.end()) {
      error(value.offset,
            fmt::format("\"{} {} {}\": {} has no value \"{}\" ({})", doc.name, sign(s), printable(value.text), doc.name,
                        printable(value.text), join(words, ", ")),
            did_you_mean(value.text, words));
    }
    test->texts.push_back(value.text);
  }
  return test;
}

std::shared_ptr<Test> ExpressionCompiler::number_test(const Syntax& s, FactType type) {
  auto test = std::make_shared<Test>();
  test->op = s.op == Operator::in ? Operator::equal : s.op;
  test->numeric = true;
  if (s.op == Operator::in && !s.bracketed) {
    error(s.values.front().offset, fmt::format("{} is a number: its values stand in [ ]", s.name.text),
          fmt::format("{} in [1, 2]", s.name.text));
    return nullptr;
  }
  for (const Word& value : s.values) {
    std::int64_t n = 0;
    const char* last = value.text.data() + value.text.size();
    const auto [end, problem] = std::from_chars(value.text.data(), last, n);
    std::string_view unit(end, static_cast<std::size_t>(last - end));
    if (unit.empty()) unit = value.unit;
    const auto factor = factor_of(unit);
    const bool range = problem == std::errc() && factor && n <= INT64_MAX / *factor && n >= INT64_MIN / *factor;
    if (value.quoted)
      error(value.offset, fmt::format("a number stands without quotes: \"{}\"", printable(value.text)),
            printable(value.text));
    else if (!range || (type == FactType::number && !unit.empty())) {
      error(value.offset,
            fmt::format("\"{}{}{}\" is no {}", printable(value.text), value.unit.empty() ? "" : " ", value.unit,
                        type == FactType::bytes ? "size" : "number"),
            type == FactType::bytes ? "write 500 KB, 25 MB or 1 GB" : "write digits alone");
    } else
      test->numbers.push_back(n * *factor);
  }
  return test->numbers.empty() ? nullptr : test;
}

std::shared_ptr<Test> ExpressionCompiler::text_test(const Syntax& s, FactType type) {
  auto test = std::make_shared<Test>();
  test->op = s.op;
  for (const Word& value : s.values) {
    if (!value.quoted) {
      error(value.offset, fmt::format("text stands in quotes: \"{}\"", printable(value.text)),
            fmt::format("{} {} \"{}\"", s.name.text, sign(s), printable(value.text)));
    } else if (s.op == Operator::matches) {
      auto pattern = Pattern::compile(value.text);
      if (pattern)
        test->patterns.push_back(*pattern);
      else
        error(value.offset, fmt::format("\"{}\" is no pattern: {}", printable(value.text), pattern.error().message));
    } else if (type == FactType::ip && !IpAddress::parse(value.text)) {
      error(value.offset, fmt::format("\"{}\" is no address", printable(value.text)),
            fmt::format("{} in [192.0.2.0/24]", s.name.text));
    } else {
      test->texts.push_back(s.op == Operator::equal ? normal_form(value.text, type) : fold(value.text));
    }
  }
  return test->texts.empty() && test->patterns.empty() ? nullptr : test;
}

std::shared_ptr<Test> ExpressionCompiler::list_test(const Syntax& s, FactType type) {
  auto test = std::make_shared<Test>();
  test->op = Operator::in;
  if (!s.bracketed) {
    const Word& value = s.values.front();
    if (value.quoted) {
      error(value.offset, "after in stands a list or [ ]",
            fmt::format("{} {} [\"{}\"]", s.name.text, sign(s), printable(value.text)));
      return nullptr;
    }
    test->list = lists_ == nullptr ? nullptr : lists_->find(value.text);
    test->list_name = value.text;
    if (test->list) return test;
    const std::vector<std::string> known = lists_ == nullptr ? std::vector<std::string>() : lists_->names();
    std::string hint = did_you_mean(value.text, known);
    if (hint.empty() && value.text.find_first_of(".@/:") != std::string::npos)
      hint = fmt::format("write [{}]", printable(value.text));
    error(value.offset, fmt::format("there is no list \"{}\"", printable(value.text)), hint);
    return nullptr;
  }
  ListEntries entries;
  for (const Word& value : s.values) {
    if (!value.unit.empty()) {
      error(value.offset, fmt::format("\"{} {}\" is no entry of a list", value.text, value.unit));
      continue;
    }
    const bool at_sign = value.text.find('@') != std::string::npos;
    if (type == FactType::ip && !Network::parse(value.text)) {
      error(value.offset, fmt::format("\"{}\" is no network", printable(value.text)),
            "192.0.2.0/24; bits behind the prefix are 0");
    } else if (type == FactType::address && !at_sign) {
      error(value.offset, fmt::format("\"{}\" is no address", printable(value.text)),
            fmt::format("{}.domain in [{}]", s.name.text, printable(value.text)));
    } else if (type == FactType::domain && at_sign) {
      error(value.offset, fmt::format("\"{}\" is an address, and {} a domain", printable(value.text), s.name.text));
    } else if (const auto trouble = entries.add(value.text)) {
      error(value.offset, *trouble);
    }
  }
  test->list = make_list(std::move(entries));
  return test;
}

// A comparison with tags is settled here: which rules set one that fits.
Expression ExpressionCompiler::compare_tag(const Syntax& s) {
  Expression e;
  e.kind = Expression::Kind::tagged;
  e.negated = s.negated;
  std::shared_ptr<Test> test;
  if (s.kind == Syntax::Kind::comparison) {
    if (s.op == Operator::is) {
      test = std::make_shared<Test>();
      for (const Word& value : s.values) test->texts.push_back(fold(value.text));
    } else if (s.op == Operator::in) {
      test = list_test(s, FactType::text);
    } else if (s.op == Operator::equal || is_text_search(s.op)) {
      test = text_test(s, FactType::text);
    } else {
      error(s.op_offset, fmt::format("tag does not take {}", sign(s)), "tag == \"name\"");
    }
    if (!test) return {};
  }
  if (!standing_.sees_rules) return {};
  bool monitored_only = false;
  std::vector<std::string> above;
  for (std::size_t i = 0; i < standing_.rules_above; ++i) {
    const Rule& rule = program_.rules[i];
    const bool fits = std::any_of(rule.tags.begin(), rule.tags.end(), [&](const std::string& tag) {
      return !test || test->fits(Value(tag), 0) == List::Answer::yes;
    });
    above.insert(above.end(), rule.tags.begin(), rule.tags.end());
    if (!fits) continue;
    if (rule.monitored && !standing_.monitored)
      monitored_only = true;
    else
      e.rules.push_back(i);
  }
  if (!e.rules.empty()) return e;
  if (monitored_only)
    error(s.name.offset, "only monitored rules set this tag, and this rule is in force",
          "monitor this rule too, or put the other in force");
  else
    error(s.name.offset, "no rule above sets this tag",
          s.values.empty() ? "" : did_you_mean(s.values.front().text, above));
  return e;
}

Expression ExpressionCompiler::compare_score(const Syntax& s) {
  Expression e;
  e.kind = Expression::Kind::scored;
  e.negated = s.negated;
  if (!takes(FactType::number, s.op)) {
    error(s.op_offset, fmt::format("score does not take {}", sign(s)), "score >= 5");
    return {};
  }
  e.test = number_test(s, FactType::number);
  if (!e.test || !standing_.sees_rules) return {};
  bool monitored_only = false;
  for (std::size_t i = 0; i < standing_.rules_above; ++i) {
    const Rule& rule = program_.rules[i];
    if (!rule.score) continue;
    if (rule.monitored && !standing_.monitored)
      monitored_only = true;
    else
      e.rules.push_back(i);
  }
  if (!e.rules.empty()) return e;
  error(s.name.offset, monitored_only ? "only monitored rules above give a score, and this rule is in force"
                                      : "no rule above gives a score");
  return e;
}

}  // namespace postern::rules
