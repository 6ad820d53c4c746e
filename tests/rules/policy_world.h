#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/rules/decide.h"
#include "policy/rules/rule_set.h"

namespace postern::rules {

/// A policy from YAML text and what is known of a message, for tests.
///
/// Checks: `spf` (sender, skip), `host` (sender, defer), `virus` (end, defer), `grey` (recipient, of one recipient,
/// skip), `identity.sender` (sender, skip; it carries `account.NAME`).
class PolicyWorld : public Known {
 public:
  /// `yaml` holds `define:`, `lists:`, `rules:`; `files` are what includes find.
  explicit PolicyWorld(std::string_view yaml, std::map<std::string, std::string> files = {},
                       bool all_monitored = false);

  /// All problems as lines, in order.
  std::vector<std::string> lines() const;

  PolicyWorld& fact(std::string_view name, Value value);
  PolicyWorld& values(std::string_view name, std::vector<Value> values);
  PolicyWorld& count(std::string_view name, std::int64_t at_least);
  /// "pass", or a failure outcome; "later" and "askable" too.
  PolicyWorld& answer(std::string_view check, std::string_view outcome);
  /// What a check has answered holds only for now.
  PolicyWorld& for_now(std::string_view check);
  /// A fact that hangs on a check, which has answered.
  PolicyWorld& found(std::string_view check, std::string name, std::string value);
  PolicyWorld& at(std::int64_t unix_time) { return now_ = unix_time, *this; }

  /// "reject 550 5.7.23 by NAME: text", "open", "needs spf", "accept", "quarantine by NAME: text" …
  std::string say(Stage stage, Layer layer = Layer::enforced) const;
  Verdict verdict(Stage stage, Layer layer = Layer::enforced) const { return decide(*rules_, *this, stage, layer); }
  const RuleSet& rules() const { return *rules_; }

  FactState fact(std::size_t index) const override;
  CheckState check(std::size_t index) const override;
  std::int64_t unix_time() const override { return now_; }

 private:
  Problems problems_;
  Lists lists_;
  std::shared_ptr<const RuleSet> rules_;
  std::map<std::string, FactState, std::less<>> facts_;
  std::map<std::string, CheckState, std::less<>> checks_;
  std::map<std::string, Finding, std::less<>> findings_;
  std::int64_t now_ = 1'800'000'000;
};

}  // namespace postern::rules
