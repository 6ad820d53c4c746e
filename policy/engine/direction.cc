#include "policy/engine/direction.h"

#include <algorithm>

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

Direction settle_direction(const Site& site, const Client& client, const Sender& sender) {
  if (client.local) return Direction::local;
  const auto& listeners = site.submission;
  if (!sender.login.empty() || std::find(listeners.begin(), listeners.end(), client.listener) != listeners.end()) {
    return Direction::submission;
  }
  const auto contains = [&](const Network& network) { return network.contains(*client.ip); };
  if (client.ip && std::any_of(site.networks.begin(), site.networks.end(), contains)) return Direction::relay;
  return Direction::inbound;
}

}  // namespace postern
