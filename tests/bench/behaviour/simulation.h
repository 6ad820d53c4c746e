#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "policy/limits/behaviour_settings.h"
#include "tests/bench/behaviour/attacks.h"
#include "tests/bench/behaviour/people.h"

namespace postern::bench {

/// What became of a person's days.
struct NormalResult {
  int days = 0;
  int unusual = 0;                   ///< days with at least one recipient that was
  int disturbed = 0;                 ///< … that was suspicious
  std::map<std::string, int> signs;  ///< of disturbed days: what was found
};

/// What became of a stolen account.
struct AttackResult {
  int served = 0;                    ///< recipients of the thief that were taken before
  bool caught = false;               ///< suspicious at last
  std::map<std::string, int> signs;  ///< by which
};

struct Size {
  int accounts = 80;  ///< of each kind
  int days = 42;      ///< of each account
  int runs = 100;     ///< of each attack
};

struct Results {
  std::array<NormalResult, kKinds> normal;
  std::array<std::vector<AttackResult>, kAttacks> attacks;
  std::uint64_t judged = 0;
  double judge_ns = 0;  ///< CPU of one judge(), in the mean
};

/// All kinds and all attacks. The same for the same seed, whatever the machine. `places` false: without a database of
/// countries and autonomous systems.
Results simulate(const limits::BehaviourSettings& settings, const Size& size, std::uint64_t seed, bool places);

}  // namespace postern::bench
