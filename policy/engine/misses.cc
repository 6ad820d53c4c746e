#include "policy/engine/misses.h"

#include <string>

#include "policy/base/log.h"
#include "policy/checks/behaviour.h"
#include "policy/store/store.h"

namespace postern {

namespace {

void note(const std::string& key, std::string_view field, const std::string& who, const Transaction& t,
          Services& services) {
  const WallTime expires = services.clock.wall() + std::chrono::hours(1);
  const std::int64_t misses = t.policy->backends->store->add(store::Space::misses, key, 1, expires);
  if (misses != kHarvestMisses) return;
  services.counters.get("recipients.harvests").add();
  services.log.write(Event{"harvest", LogLevel::warning, {}}.add(field, who).add("misses", misses));
}

}  // namespace

void note_miss(Transaction& t, RecipientState& recipient, Services& services) {
  services.counters.get("recipients.missed").add();
  if (t.limits) t.limits->note_miss(t, recipient);
  if (t.policy->needs.behaviour && t.policy->backends->behaviour) {
    if (const auto subject = watched(*t.client, *t.sender, t.direction))
      t.policy->backends->behaviour->refused(*subject);
  }
  if (t.policy->backends->store == nullptr) return;
  if (!t.sender->login.empty())
    note("login " + t.sender->login, "login", t.sender->login, t, services);
  else if (t.client->ip) {
    const std::string network = network_of(*t.client->ip).text();
    note("net " + network, "client_net", network, t, services);
  }
}

}  // namespace postern
