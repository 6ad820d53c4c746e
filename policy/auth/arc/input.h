#pragma once

#include <span>
#include <string>

#include "policy/auth/arc/set.h"

namespace postern::arc {

/// What an ARC-Message-Signature signs of the header (RFC 6376 3.7).
std::string message_input(std::span<const HeaderField> header, std::span<const std::string> names,
                          const HeaderField& signature, dkim::Canonicalization form);

/// What a seal signs: the fields of the sets, in their order, its own last (RFC 8617 5.1.1).
std::string seal_input(std::span<const HeaderField* const> fields, const HeaderField& seal);

}  // namespace postern::arc
