#include "policy/mail/direction.h"

namespace postern {

std::string_view name(Direction direction) {
  switch (direction) {
    case Direction::local: return "local";
    case Direction::submission: return "submission";
    case Direction::relay: return "relay";
    case Direction::inbound: return "inbound";
  }
  return "";
}

}  // namespace postern
