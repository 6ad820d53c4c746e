#include "config/equip.h"

#include <algorithm>

#include "policy/limits/freezer.h"

namespace postern::config {

namespace {

std::shared_ptr<accounts::Directory> kept(const Equipment& before, const DirectorySpec& spec) {
  const auto found = std::find(before.directories.begin(), before.directories.end(), spec.made_of);
  if (found == before.directories.end()) return nullptr;
  return before.backends->directories[static_cast<std::size_t>(found - before.directories.begin())];
}

}  // namespace

Equipment equip(Configuration& configuration, const Equipment& before, const Keeping& keeping, dns::Resolver& dns,
                Clock& clock, Counters& counters) {
  Equipment now = before;
  if (configuration.backends_made_of != before.made_of || before.made_of.empty()) {
    auto made = std::make_shared<Backends>();
    now.made_of = configuration.backends_made_of;
    now.directories.clear();
    const accounts::DirectoryMaking making{
        .clock = clock, .counters = counters, .letters = configuration.policy->site.letters};
    for (const DirectorySpec& spec : configuration.directories) {
      std::shared_ptr<accounts::Directory> directory = kept(before, spec);
      made->directories.push_back(directory ? std::move(directory) : spec.make(making));
      now.directories.push_back(spec.made_of);
    }
    made->store = keeping.store;
    made->ledger = keeping.ledger;
    made->freezer = std::make_shared<limits::Freezer>(*keeping.store, clock);
    const Workshop workshop{.site = configuration.policy->site,
                            .dns = dns,
                            .store = *made->store,
                            .clock = clock,
                            .counters = counters,
                            .made = *made};
    for (const ConfiguredCheck& check : configuration.policy->checks) check.check->equip(workshop);
    now.backends = std::move(made);
  }
  auto policy = std::make_shared<Policy>(*configuration.policy);
  policy->backends = now.backends;
  configuration.policy = std::move(policy);
  return now;
}

}  // namespace postern::config
