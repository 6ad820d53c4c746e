#pragma once

#include <optional>
#include <string>

#include "tests/scenario/spoofing_world.h"

namespace postern::spoofing {

/// One case behind one kind of server.
struct Judged {
  const Case& one;
  Server server;
  Outcome presets;  ///< by the rules that we ship
  Outcome open;     ///< with nobody refused: what is claimed, and what rules can see
};

/// What the case's `must` is violated by: empty where it holds, nothing where no test knows these words.
std::optional<std::string> violation(const Judged& judged);

}  // namespace postern::spoofing
