#pragma once

#include <cstdint>
#include <ctime>

namespace postern {

/// The date and the time of day where the server is.
inline std::tm local_time(std::int64_t unix_time) {
  const std::time_t t = unix_time;
  std::tm parts{};
  localtime_r(&t, &parts);
  return parts;
}

}  // namespace postern
