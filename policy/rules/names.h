#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/rules/program.h"

namespace postern::rules {

/// What a name in an expression or a text stands for.
struct Meaning {
  enum class Kind { unknown, later, fact, check, tag, score };
  Kind kind = Kind::unknown;
  const FactDoc* doc = nullptr;  ///< of fact, and of a fact that comes later
  std::size_t index = 0;         ///< of fact and check, in the program
};

/// The names of facts and checks, and the ones that a program reads, each once.
class Names {
 public:
  Names(Program& program, std::span<const CheckDecl> checks) : program_(program), checks_(checks) {}

  /// The checks there are; they outlive this.
  void set_checks(std::span<const CheckDecl> checks) { checks_ = checks; }
  /// Registers what it finds with the program. Tells `problems` nothing.
  Meaning resolve(std::string_view name);
  /// The same of a name in a text, where facts of limits may stand: `limit.user.used`.
  Meaning resolve_in_text(std::string_view name);
  /// Tells `problems` of a name that resolve() did not know, or that comes later.
  void complain(const Meaning& meaning, std::string_view name, const Place& where, Problems& problems) const;
  /// Every name that could be meant, for hints.
  std::vector<std::string> all() const;

 private:
  std::size_t fact_index(const FactDoc& doc, std::string_view name);
  std::size_t fact_of_limit(std::string_view name, std::size_t check);
  std::optional<std::size_t> check_of(const FactDoc& doc);

  Program& program_;
  std::span<const CheckDecl> checks_;
};

}  // namespace postern::rules
