#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/base/ip.h"
#include "policy/mail/address.h"
#include "policy/rules/outcome.h"

namespace postern::rules {

/// One value of a fact. Text is UTF-8 as it came; comparisons fold it.
using Value = std::variant<bool, std::int64_t, std::string, IpAddress, Mailbox, Domain>;

/// What is known of one fact at one moment.
struct FactState {
  enum class Kind {
    later,     ///< belongs to a later stage
    known,     ///< `values` is all there is; empty means absent
    at_least,  ///< a count that may still grow; values holds what it is now
    askable,   ///< hangs on a check that can be asked now
    failed,    ///< hangs on a check that could not be done
  };
  Kind kind = Kind::later;
  std::vector<Value> values;

  static FactState absent() { return {Kind::known, {}}; }
  template <class T>
  static FactState of(T value) {
    return {Kind::known, {Value(std::move(value))}};
  }
};

/// What is known of one check at one moment, for the message or the recipient at hand.
struct CheckState {
  enum class Kind {
    later,  ///< its inputs belong to a later stage, or its answer did not come in time at this stage
    askable,  ///< belongs to this stage and has not been asked for: decide() may ask for it. Also where somebody has the answer
              ///< already: what decide() tells beside its decision must not depend on which thread was faster
    known,   ///< `finding` stands; without one there is nothing that the check could be of: every comparison is false
    failed,  ///< it could not be done, for good; `finding` holds the outcome marked Failure::yes
  };
  Kind kind = Kind::later;
  const Finding* finding = nullptr;
};

/// A fact of the language that a rule set reads, by its index there: `header.X-Foo` is one.
struct FactName {
  std::string name;      ///< "client.ip", "header"
  std::string argument;  ///< "X-Foo"
};

/// All that decide() may look at. Implementations only look up what the engine has; they never wait and never change.
class Known {
 public:
  virtual ~Known() = default;
  /// `index` into RuleSet::facts(). tag and score are no business of Known: decide() keeps them.
  virtual FactState fact(std::size_t index) const = 0;
  /// `index` into RuleSet::checks().
  virtual CheckState check(std::size_t index) const = 0;
  /// The time of the transaction, for `until:`.
  virtual std::int64_t unix_time() const = 0;
};

}  // namespace postern::rules
