#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `identity`, `identity.sender`, `identity.author`: does the message show addresses of the login that hands it in? At
/// MAIL the envelope sender alone, at the end of the header its authors, and both together. docs/checks/identity.md.
extern const CheckType kIdentity;
extern const CheckType kIdentitySender;
extern const CheckType kIdentityAuthor;

}  // namespace postern
