#include <fmt/format.h>

#include <algorithm>

#include "policy/rules/program.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/walk.h"

namespace postern::rules {

std::vector<std::string> describe_stages(const RuleSet& rules, Stage answer_at) {
  std::vector<std::string> lines;
  const RuleSet::RuleInfo* holder = nullptr;  // the rule above that is known last and would let through
  for (const RuleSet::RuleInfo& rule : rules.rules()) {
    std::string line = fmt::format("{}: known at {}", rule.name, name(rule.known_at));
    if (rule.monitored) {
      line += "; monitored, never spoken";
    } else if (!rule.final) {
      line += "; acts at end";
    } else if (!is_refusal(*rule.final) || rule.final == FinalAction::bounce) {
      line += fmt::format("; {} is spoken at end", name(*rule.final));
      if (holder == nullptr || rule.known_at > holder->known_at) holder = &rule;
    } else {
      const Stage own = std::max(rule.known_at, answer_at);
      const bool held = holder != nullptr && holder->known_at > own;
      line += fmt::format("; {} can be spoken at {}", name(*rule.final), name(held ? holder->known_at : own));
      if (held) line += fmt::format(", held back by {}", holder->name);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace postern::rules
