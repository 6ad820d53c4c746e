#include "milter/dns_watch.h"

#include <string>

namespace postern {

namespace {

using dns::CanaryState;
using dns::DnssecState;
using dns::Health;

bool same(const Health& a, const Health& b) {
  return a.canary == b.canary && a.breaker_open == b.breaker_open && a.dnssec == b.dnssec;
}

bool is_well(const Health& h) {
  const bool trusted = h.canary == CanaryState::green || h.canary == CanaryState::off;
  return trusted && !h.breaker_open && h.dnssec != DnssecState::failing;
}

}  // namespace

void DnsWatch::tick() {
  dns_.tick();
  Health now = dns_.health();
  if (now.canary == CanaryState::unknown || (told_ && same(*told_, now))) return;
  Event event{"dns", is_well(now) ? LogLevel::info : LogLevel::warning, {}};
  event.add("canary", std::string(dns::name(now.canary)));
  if (!now.reason.empty()) event.add("reason", now.reason);
  event.add("breaker", std::string(now.breaker_open ? "open" : "closed"));
  event.add("dnssec", std::string(dns::name(now.dnssec)));
  log_.write(event);
  told_ = std::move(now);
}

}  // namespace postern
