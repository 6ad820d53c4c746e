#pragma once

#include "policy/rules/program.h"

namespace postern::rules {

/// Gives all comparisons of a program that say the same one number, so that each is made once a decision, however many
/// rules begin with it.
void number_comparisons(Program& program);

}  // namespace postern::rules
