#pragma once

#include <vector>

#include "tests/session/dice.h"
#include "tests/session/model.h"

namespace postern::session {

/// One session: what is said, under which policy in force, and what must be answered.
struct Script {
  struct Line {
    Event event;
    std::size_t in_force = 0;  ///< index of the policy that a new message gets
    Told expected = {};
  };
  std::vector<Line> lines;
};

/// What it is about; outlives the scripts.
struct Setting {
  const std::vector<TestPolicy>& policies;
  std::size_t first = 0;  ///< index of the policy at negotiation
  bool swaps = false;     ///< other policies come into force in mid-session
  Weather weather = {};
};

/// A session as the dice fall: some as an MTA would hold it, some with a callback out of order here and there, some
/// with nothing but that. It ends with close. The same dice give the same script.
Script write_script(Dice& dice, const Setting& setting);

/// The same with what must be answered worked out anew, as after a line is taken out.
void foretell(Script& script, const Setting& setting);

}  // namespace postern::session
