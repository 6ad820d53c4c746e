#pragma once

#include <optional>

#include "policy/accounts/callout/memory.h"
#include "policy/accounts/callout/probe.h"
#include "policy/accounts/callout/verdict.h"

namespace postern::callout {

/// What can be said without asking.
struct Known {
  Verdict verdict;
  bool refresh = false;  ///< true as it is, but time to ask again
};
/// Of the mailbox itself, else of its domain.
std::optional<Known> known(const Memory& memory, const Mailbox& mailbox, WallTime now);

/// Keeps what a probe found, and answers it. Of what is over a limit of ours nothing is kept.
Verdict keep(const ProbeResult& result, const Mailbox& mailbox, Memory& memory, WallTime now);

}  // namespace postern::callout
