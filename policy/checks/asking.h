#pragma once

#include <span>
#include <vector>

#include "policy/accounts/callout/call_ahead.h"
#include "policy/accounts/directory.h"
#include "policy/accounts/mailbox_lookup.h"
#include "policy/base/settings.h"
#include "policy/checks/check.h"

namespace postern {

/// Who is asked about an account: what the setting `ask:` names.
struct Asking {
  bool all_directories = false;
  std::vector<Check::Named> directories;
  bool callout = false;                          ///< the foreign mailbox's own host
  std::vector<callout::AheadServer> call_ahead;  ///< servers of ours

  /// `directories`, names of directories, `callout` where `takes_callout`, `smtp://HOST[:PORT]` where not; one or a
  /// list of them.
  static Asking read(Settings& s, bool takes_callout, std::string_view doc);
  /// Of `all` those that are to be asked, in their order.
  accounts::Directories chosen(const accounts::Directories& all) const;
};

/// What the directories know of a mailbox, as the outcome of its word in `outcomes`, with the facts they tell. Asks to be
/// run again where an answer may still come.
Finding finding_of(accounts::MailboxFinding found, std::span<const Outcome> outcomes, const Context& context);

}  // namespace postern
