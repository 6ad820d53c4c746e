#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/limits/behaviour.h"
#include "policy/limits/ledger.h"

namespace postern::limits {

/// What is counted in the ledger under one name, and its windows.
struct Counted {
  std::string_view limit;
  Unit unit;
  std::array<Allowance, 3> allow;
  std::size_t windows;

  std::span<const Allowance> spans() const { return {allow.data(), windows}; }
};

/// Demands of one call of the ledger, all under the key of one subject, with the texts that they see. What add() is given
/// outlives this.
class Question {
 public:
  explicit Question(const Subject& subject);
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

  /// The place of its answer. `more` goes into the name of the limit, so that all that is kept of a subject stands under
  /// one key: it is shown, forgotten, and on one machine of several, together.
  std::size_t add(const Counted& what, std::int64_t amount, std::string_view value = {}, std::string_view more = {}) {
    return add(what, what.spans(), amount, value, more);
  }
  std::size_t add(const Counted& what, std::span<const Allowance> allow, std::int64_t amount, std::string_view value,
                  std::string_view more);
  std::span<const Demand> demands() const { return demands_; }

  const std::string& key() const { return key_; }

  /// False where an answer is not to be had, or is not of this subject alone: a ledger that is full counts many under one
  /// key. Where the one at `anchor` is, the subject has a place in a full ledger: what is not there stands at nothing.
  bool look(Ledger& ledger, const Deadline& deadline, std::optional<std::size_t> anchor = std::nullopt);
  std::int64_t used(std::size_t at, std::size_t window = 0) const { return answers_[at].used[window]; }
  bool is_new(std::size_t at) const { return answers_[at].kind == Answer::Kind::over; }
  /// How many values there are, with the one that was asked for.
  std::int64_t values(std::size_t at) const { return used(at) + (is_new(at) ? 1 : 0); }

 private:
  std::string key_;
  std::deque<std::string> limits_;  // stay where they are
  std::vector<Demand> demands_;
  std::vector<Answer> answers_;
};

}  // namespace postern::limits
