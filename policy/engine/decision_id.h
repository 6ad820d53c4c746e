#pragma once

#include <string>

namespace postern {

/// A new decision id: 12 characters of Crockford's base 32 in lower case, 60 random bits, so that it can be read out on
/// the telephone and none comes twice in a site's life. Thread-safe.
std::string make_decision_id();

}  // namespace postern
