#include "policy/engine/decision_id.h"

#include <sys/random.h>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace postern {

std::string make_decision_id() {
  constexpr char kAlphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford: no i, l, o, u
  std::uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits) {
    // Only before the kernel's generator is seeded at boot: unique is all that is asked for.
    static std::atomic<std::uint64_t> serial{0};
    bits = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) * 1009 +
           serial.fetch_add(1);
  }
  std::string id(12, '0');
  for (char& c : id) {
    c = kAlphabet[bits & 31];
    bits >>= 5;
  }
  return id;
}

}  // namespace postern
