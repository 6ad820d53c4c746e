#pragma once

#include <string_view>

#include "policy/mail/address.h"

namespace postern::callout {

/// What an address looks as if made for, when no person reads it: asking whether such a mailbox exists says nothing, and
/// each is asked once. "BATV", "SRS", "VERP", "list", "long", "random"; empty for an address of the usual kind.
std::string_view machine_made(const Mailbox& mailbox);

}  // namespace postern::callout
