#pragma once

#include <map>
#include <string>
#include <string_view>

#include "policy/accounts/directory.h"
#include "policy/base/deadline.h"
#include "policy/base/text.h"
#include "policy/mail/address.h"

namespace postern::accounts {

struct MailboxOptions {
  std::string delimiters = "+";           ///< what an extension begins with; may be empty
  LetterCase letters = LetterCase::fold;  ///< of local parts
  int alias_depth = 10;                   ///< aliases of aliases
  int lookups = 50;                       ///< questions to directories for one address
};

/// What the directories know of an address of ours.
struct MailboxFinding {
  enum class Kind {
    accepted,
    unknown,       ///< every directory that is asked about such addresses says no
    suspended,     ///< it is there, and nobody it leads to is active
    expired,       ///< the same, and its time is over
    over_aliased,  ///< its aliases lead in a circle, or further than alias_depth or lookups: the directories want mending
    silent,        ///< no directory is asked about such addresses
    unsure,        ///< a directory could not be asked that might have known it
  };
  Kind kind = Kind::silent;
  std::string reason = {};  ///< for the log; may hold hostile text
  bool late = false;   ///< unsure only since the caller's time was over
  std::map<std::string, std::string, std::less<>> facts = {};  ///< of the records that were met, the first of each name
};

/// Does mail for `mailbox` lead to an account that takes it? In the order of delivery: the address itself, then without
/// its extension, then the catch-all of its domain; each directory is asked, and one yes suffices. Aliases are followed
/// to their accounts; a target outside the directories' domains counts as one that takes mail. Always answers, no later
/// than `deadline` allows the directories. Thread-safe.
MailboxFinding find_mailbox(const Mailbox& mailbox, const Directories& directories, const MailboxOptions& options,
                            const Deadline& deadline);

}  // namespace postern::accounts
