#include "policy/engine/ask.h"

namespace postern {

void ask_for(Transaction& t, RecipientState* recipient, std::size_t check, Stage stage, const Deadline& deadline) {
  if (t.limits && t.limits->is_limit(check)) return t.limits->ask(t, recipient, stage, deadline);
  const bool of_message = t.policy->rules->checks()[check].scope == Scope::message || recipient == nullptr;
  (of_message ? *t.findings : *recipient->findings).ask(check, stage, deadline);
}

}  // namespace postern
