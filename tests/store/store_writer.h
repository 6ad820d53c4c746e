#pragma once

#include <string>

namespace postern::test {

/// What the writer stores under a key: it can be told from the key alone.
inline std::string value_of(const std::string& key) {
  return "value of " + key + std::string(key.size() % 7 * 40, '.');
}

}  // namespace postern::test
