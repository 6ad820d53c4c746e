#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::dns {

/// What the canary says of the servers (docs/dns.md).
enum class CanaryState {
  off,      ///< nobody asks
  unknown,  ///< the first answer has not come yet
  green,
  dead,   ///< they do not answer, or not what they would have to ask others for
  lying,  ///< they deny a name that exists, or make up one that does not
  bogus,  ///< what they say fails DNSSEC
};
std::string_view name(CanaryState state);

enum class DnssecState {
  off,         ///< there is no trust anchor
  unknown,     ///< the canary has seen nothing yet, or is off
  validating,  ///< an answer was validated
  unsigned_,   ///< answers come, and none that the canary asks for is signed
  failing,     ///< none stands: the servers pass no signatures on, or the anchor is wrong
};
std::string_view name(DnssecState state);

/// How a resolver and the servers behind it are, at one moment.
struct Health {
  CanaryState canary = CanaryState::off;
  std::string reason;         ///< why the canary is not green; may hold hostile text
  bool breaker_open = false;  ///< nothing is asked but a trial from time to time
  DnssecState dnssec = DnssecState::off;
  std::size_t remembered = 0;  ///< answers in the cache
};

}  // namespace postern::dns
