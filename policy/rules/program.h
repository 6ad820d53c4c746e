#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/rules/facts.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/test.h"

namespace postern::rules {

/// A compiled condition. Indexes are those of the RuleSet.
struct Expression {
  enum class Kind {
    constant,  ///< `always`, or what comes in a later version
    all,
    any,
    negation,
    check,       ///< the outcome of `check` is one of `outcomes`
    fact,        ///< a value of `fact` fits `test`
    present,     ///< `fact` has a value
    holds,       ///< the yes/no `fact` is yes
    quantified,  ///< parts[0] of each value of `fact`
    tagged,      ///< one of `rules` is true
    scored,      ///< the sum of the scores of `rules` that are true, against `test`
  };

  Kind kind = Kind::constant;
  std::vector<Expression> parts;
  bool negated = false;
  std::size_t check = 0;
  std::uint64_t outcomes = 0;  ///< bit n: the outcome of that index in the check's table
  std::size_t fact = 0;
  std::shared_ptr<const Test> test;
  std::size_t comparison = 0;  ///< of `fact` against `test`: the number of all that say the same
  Syntax::Quantifier quantifier = Syntax::Quantifier::any;
  std::vector<std::size_t> rules;
};

/// A text with `{fact}` in it.
struct Template {
  struct Piece {
    enum class Kind { literal, fact, check, rule_name, tag, score };
    Kind kind = Kind::literal;
    std::string text;
    std::size_t index = 0;
  };
  std::vector<Piece> pieces;
};

/// What a rule answers with: the value of its final action. All empty: `true`.
struct ReplyWords {
  std::optional<int> code;
  std::optional<Detail> status;
  std::optional<Template> text;
};

/// The condition of a group, which holds for the rules in it.
struct Group {
  std::string name;
  std::optional<std::size_t> parent;
  std::optional<Expression> when;
};

struct Rule {
  std::string name;
  std::optional<std::size_t> group;  ///< the innermost one
  Expression when;
  std::vector<std::size_t> skipped_by;     ///< rules above whose `skip` names this one
  std::optional<Unavailable> unavailable;  ///< its own, or that of its group
  std::optional<std::int64_t> until;       ///< the first second at which it is off
  bool monitored = false;
  bool scoped = false;

  std::optional<FinalAction> final;
  ReplyWords words;
  std::optional<Split> split;
  std::vector<std::pair<std::string, Template>> headers;
  std::vector<std::string> tags;
  std::optional<std::int64_t> score;
  std::optional<Template> log;
  std::vector<std::string> notify;  ///< whom: postmaster, recipient, login, addresses
  std::optional<std::chrono::seconds> freeze;

  bool has_effects() const { return !headers.empty() || !tags.empty() || score || log || !notify.empty() || freeze; }
};

/// The condition of a limit, and the rules whose tags are its key.
struct Limit {
  std::optional<Expression> when;
  std::vector<std::size_t> tag_rules;
};

/// The rules of a policy, ready to run.
class Program {
 public:
  std::vector<Group> groups;
  std::vector<Rule> rules;
  std::vector<FactName> facts;
  std::vector<const FactDoc*> fact_docs;  ///< of `facts`, one each
  std::vector<Reads> fact_reads;
  std::vector<std::optional<std::size_t>> fact_checks;  ///< of `facts`, one each: the check whose finding holds it
  std::vector<CheckDecl> checks;
  std::vector<Reads> check_reads;
  std::vector<RuleSet::RuleInfo> infos;  ///< of `rules`, one each
  std::vector<Limit> limits;
  std::vector<LimitInfo> limit_infos;  ///< of `limits`, one each
  bool all_monitored = false;          ///< `mode: monitor`
  std::size_t comparisons = 0;         ///< different ones
};

}  // namespace postern::rules
