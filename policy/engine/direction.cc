#include "policy/engine/direction.h"

#include <algorithm>

namespace postern {

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
