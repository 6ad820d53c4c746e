#pragma once

#include <string>

namespace postern::limits::redis_scripts {

/// Lua: defines `one(i)`, which does whatever a demand asks for. What comes before it knows the simple cases, which are nearly
/// all: functions cost a script most when they are made.
std::string slow_ask();  ///< adds to `out`
std::string slow_settle();

}  // namespace postern::limits::redis_scripts
