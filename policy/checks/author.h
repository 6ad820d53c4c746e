#pragma once

#include "policy/checks/check.h"

namespace postern {

/// `author`: is the author's domain proven by SPF or DKIM, whatever its policy? docs/checks/author.md.
extern const CheckType kAuthor;

}  // namespace postern
