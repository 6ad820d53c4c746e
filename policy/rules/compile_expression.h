#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/rules/names.h"
#include "policy/rules/program.h"
#include "policy/rules/syntax.h"

namespace postern::rules {

/// A condition of `define:`.
struct Definition {
  const Node* node = nullptr;
  Place where;  ///< of its name
  std::optional<Syntax> syntax;
};
using Definitions = std::map<std::string, Definition, std::less<>>;

/// Where a condition stands, as far as that decides what it may read.
struct Standing {
  std::size_t rules_above = 0;  ///< so many rules of the program stand above it
  bool monitored = false;       ///< it sees the tags and scores of monitored rules
  bool sees_rules =
      true;  ///< false for a definition by itself: what tags and scores it reads is settled where it is used
};

/// What a condition names besides its meaning, for the rules about rules (LANGUAGE 5, 8).
struct Remarks {
  struct Named {
    Place where;
    std::string text;
  };
  std::vector<Named> failures;  ///< failure outcomes, as `sender-domain is unavailable`
  bool forgeable = false;       ///< reads what a stranger writes: helo, sender, header
  bool grounded = false;        ///< reads what he can not choose: his address, his login, a check
  bool names_recipient = false;
  bool has_later = false;  ///< reads something of a later version
};

/// Gives the names in an expression their meaning and checks that what is compared fits (LANGUAGE 3, 4).
class ExpressionCompiler {
 public:
  ExpressionCompiler(Program& program, Names& names, const Lists* lists, Problems& problems)
      : program_(program), names_(names), lists_(lists), problems_(problems) {}

  /// `definitions` outlive the call. Mistakes go to the problems; the answer is then of no use, but always there.
  Expression compile(const Node& node, const Definitions& definitions, const Standing& standing, Remarks& remarks);
  Expression compile(const Node& node, const Syntax& syntax, const Definitions& definitions, const Standing& standing,
                     Remarks& remarks);

 private:
  Expression build(const Syntax& s);
  Expression build_parts(const Syntax& s, Expression::Kind kind);
  Expression build_bare(const Syntax& s);
  Expression build_definition(const Syntax& s, const Definition& definition);
  Expression build_quantified(const Syntax& s);
  Expression build_comparison(const Syntax& s);
  Expression compare_check(const Syntax& s, std::size_t check);
  Expression compare_fact(const Syntax& s, const Meaning& meaning);
  Expression compare_tag(const Syntax& s);
  Expression compare_score(const Syntax& s);
  void check_later(const Syntax& s, const Meaning& meaning);
  void note(const Meaning& meaning, const Syntax& s);

  std::shared_ptr<Test> text_test(const Syntax& s, FactType type);
  std::shared_ptr<Test> number_test(const Syntax& s, FactType type);
  std::shared_ptr<Test> list_test(const Syntax& s, FactType type);
  std::shared_ptr<Test> word_test(const Syntax& s, const FactDoc& doc);
  bool suggests_bracket(const Syntax& s, const Syntax& left);

  Place at(std::size_t offset) const { return node_->at(offset); }
  std::string source(const Syntax& s) const { return node_->text.substr(s.offset, s.end - s.offset); }
  void error(std::size_t offset, std::string message, std::string hint = {}) {
    problems_.error(at(offset), std::move(message), std::move(hint));
  }

  Program& program_;
  Names& names_;
  const Lists* lists_;
  Problems& problems_;
  // Of the condition at hand:
  const Node* node_ = nullptr;
  const Definitions* definitions_ = nullptr;
  Standing standing_;
  Remarks* remarks_ = nullptr;
  bool under_negation_ = false;
  std::vector<std::string> open_definitions_;
  std::vector<std::string> members_of_;  ///< later facts whose parts are spoken of: attachment, part, url
  std::size_t built_ = 0;
};

}  // namespace postern::rules
