#include "policy/dns/health.h"

namespace postern::dns {

std::string_view name(CanaryState state) {
  switch (state) {
    case CanaryState::off: return "off";
    case CanaryState::unknown: return "unknown";
    case CanaryState::green: return "green";
    case CanaryState::dead: return "dead";
    case CanaryState::lying: return "lying";
    case CanaryState::bogus: return "bogus";
  }
  return "";
}

std::string_view name(DnssecState state) {
  switch (state) {
    case DnssecState::off: return "off";
    case DnssecState::unknown: return "unknown";
    case DnssecState::validating: return "validating";
    case DnssecState::unsigned_: return "unsigned";
    case DnssecState::failing: return "failing";
  }
  return "";
}

}  // namespace postern::dns
