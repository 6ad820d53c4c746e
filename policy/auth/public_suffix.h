#pragma once

#include <optional>

#include "policy/dns/domain.h"

namespace postern {

/// The domain that somebody registered and that `domain` is, or is below: a public suffix and one label more, by the
/// list of publicsuffix.org with its private part (RFC 7489 3.2). `mail.acme.co.uk` is of `acme.co.uk`; below a top-level
/// domain that the list does not have, its own rule `*` holds. Nothing for a public suffix itself. Thread-safe.
std::optional<Domain> organizational_domain(const Domain& domain);

}  // namespace postern
