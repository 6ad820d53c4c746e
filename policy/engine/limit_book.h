#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/limits/limit.h"
#include "policy/mail/facts.h"
#include "policy/rules/decide.h"
#include "policy/rules/known.h"
#include "policy/rules/outcome.h"

namespace postern {

struct Policy;
struct RecipientState;
struct Transaction;

/// What limits that count once a connection have come to, for all its messages.
struct ConnectionCounts {
  struct Counted {
    std::string limit, key;
    Finding finding;
  };
  std::vector<Counted> counted;
};

/// What the limits of one message have come to, and what it has reserved (LANGUAGE 7). All limits that are due are asked
/// for together, once; what is reserved is given back unless the message is taken. Of one transaction; for one thread.
class LimitBook {
 public:
  /// `ledger` may be null: limits are then unavailable. All outlive this.
  LimitBook(const Policy& policy, limits::Ledger* ledger, ConnectionCounts& connection, Counters& counters);
  /// Gives back what is reserved; never waits.
  ~LimitBook();
  LimitBook(const LimitBook&) = delete;
  LimitBook& operator=(const LimitBook&) = delete;

  bool is_limit(std::size_t check) const { return check < limit_of_check_.size() && limit_of_check_[check]; }
  /// What decide() may know of the limit behind `check`.
  rules::CheckState state(std::size_t check, const Recipient* recipient, Stage stage) const;
  /// Asks for every limit that is due at `stage`, for this recipient (from the end of the header on for all of them).
  void ask(Transaction& t, RecipientState* recipient, Stage stage, const Deadline& deadline);

  /// Counts what is counted once a connection or a MAIL, whether or not a rule comes to ask (LANGUAGE 7).
  void count_at_once(Transaction& t, Stage stage, const Deadline& deadline);

  /// A recipient that will not get the message: what was reserved for it alone is given back.
  void recipient_is_refused(const Recipient& recipient);
  /// A recipient was refused for good, by us or by the MTA: limits that count those are charged.
  void note_miss(Transaction& t, RecipientState& recipient);
  /// Before the verdict: what was reserved too long ago to be sure that it still is, is reserved anew, and judged again.
  void renew(Transaction& t, SteadyTime now, const Deadline& deadline);
  /// The message is taken: every limit whose condition holds is charged, asked for or not.
  void take(Transaction& t, const Deadline& deadline);
  /// It is not: all is given back, and what was over has one refused try more.
  void refuse();
  /// Is a limit over for this recipient?
  bool is_over_for(const Recipient& recipient) const;

  /// What was asked and answered, of each limit the gravest, by index into the rule set's checks.
  struct Told {
    std::size_t check;
    const Finding* finding;
  };
  std::vector<Told> told() const;

 private:
  /// A limit, for the message or for one recipient.
  struct Entry {
    std::size_t limit = 0;
    const Recipient* recipient = nullptr;
    std::optional<Finding> finding;  ///< answered
    std::optional<Stage> waited_at;  ///< what it rests on did not come in time
    std::string key;
    std::vector<limits::Allowance> allow;
    bool stands_in = false;  ///< `else:`, in place of what could not be had
  };
  /// What is demanded once: of a limit, for a key, and a value where values count.
  struct Count {
    std::size_t entry = 0;  ///< of the limit, with its key
    std::string value = {};
    std::int64_t amount = 1;
    std::optional<limits::Hold> hold = {};
    limits::Answer answer = {};
    bool counts = true;   ///< false: only looked at, or counted already
    bool is_live = true;  ///< false: it was given back, and another of the same is a new one
    SteadyTime since{};   ///< of `hold`
    bool of_message = false;
    std::vector<const Recipient*> whose = {};  ///< unless of_message
  };

  /// Which limits, for whom.
  struct Target {
    std::size_t entry = 0;
    RecipientState* recipient = nullptr;
  };
  std::vector<std::size_t>& entries_of(const Recipient* recipient);
  std::size_t entry_of(std::size_t limit, const Recipient* recipient, std::vector<std::size_t>& of_recipient);
  const Entry* find(std::size_t limit, const Recipient* recipient) const;
  std::vector<Target> targets(Transaction& t, RecipientState* recipient, Stage stage);
  void count(Transaction& t, std::vector<Target> due, Stage stage, const Deadline& deadline);
  void settle(Transaction& t, std::vector<Target>& targets, Stage stage, const Deadline& deadline, bool may_ask);
  void take_state(const Transaction& t, Entry& entry, const rules::LimitState& state);
  /// Its counts go behind `counts`, by index.
  void counts_for(const Transaction& t, std::size_t entry, std::vector<std::size_t>& counts);
  std::size_t add(Count count);
  bool is_remembered(Entry& entry) const;
  limits::Demand demand_of(const Count& count) const;
  void reserve(const Transaction& t, const std::vector<std::size_t>& counts, const Deadline& deadline);
  void look(const std::vector<std::size_t>& counts, const Deadline& deadline);
  std::int64_t held(const Count& count) const;
  void answer(const Transaction& t, Entry& entry, std::span<const std::size_t> counts);
  const limits::Limit& limit_of(std::size_t limit) const;
  const limits::Limit& limit_of(const Count& count) const { return limit_of(entries_[count.entry].limit); }
  const CheckDecl& check_of(std::size_t limit) const;

  const Policy& policy_;
  limits::Ledger* const ledger_;
  ConnectionCounts& connection_;
  Counters& counters_;
  std::vector<std::optional<std::size_t>> limit_of_check_;
  std::vector<Entry> entries_;
  std::unordered_map<const Recipient*, std::vector<std::size_t>> entries_of_;  ///< by limit; kNone where there is none
  std::vector<Count> counts_;
  std::unordered_map<std::string, std::size_t> same_;  ///< counts that another of the same limit, key and value joins
  bool asking_ = false;
};

}  // namespace postern
