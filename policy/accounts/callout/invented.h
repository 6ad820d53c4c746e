#pragma once

#include <string>

namespace postern::callout {

/// A local part that no mailbox has and nobody can guess: 26 letters and digits, of 130 random bits.
std::string invented_local_part();

}  // namespace postern::callout
