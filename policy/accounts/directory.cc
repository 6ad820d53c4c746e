#include "policy/accounts/directory.h"

namespace postern::accounts {

std::string_view name(State state) {
  switch (state) {
    case State::active: return "active";
    case State::suspended: return "suspended";
    case State::expired: return "expired";
  }
  return "";
}

}  // namespace postern::accounts
