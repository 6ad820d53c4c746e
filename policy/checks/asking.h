#pragma once

#include <vector>

#include "policy/accounts/callout/call_ahead.h"
#include "policy/accounts/directory.h"
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

}  // namespace postern
