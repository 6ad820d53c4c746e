#pragma once

#include <string_view>
#include <vector>

#include "tests/bench/behaviour/people.h"

namespace postern::bench {

enum class Attack {
  burst,
  one_by_one,  ///< as a burst, a recipient a message
  drip,
  botnet,
  guessing,
  colleagues,
  night,
  sales,
  newsletter,
  shared,
  new_hire,
  own_contacts,  ///< writes to whom the owner writes: outside of the goal
};
constexpr int kAttacks = 12;
std::string_view name(Attack attack);

/// Whose account is stolen by such an attack.
Kind victim(Attack attack, Dice& dice);

/// What the thief sends from `minute` on: at most 400 recipients in at most ten days.
std::vector<Mail> mails(Attack attack, Person& owner, double minute);

}  // namespace postern::bench
