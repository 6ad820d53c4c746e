#include "milter/cli/ask_dns.h"

#include <fmt/format.h>

#include "policy/dns/options.h"

namespace postern::cli {

Result<std::unique_ptr<dns::Resolver>> ask_dns(const std::string& zone, const Clock& clock, Counters& counters) {
  dns::Options servers;
  servers.offline = !zone.empty();
  if (servers.offline) servers.zone_files = {zone};
  auto dns = dns::make_resolver(servers, clock, counters);
  if (dns || dns.error().where.file.empty()) return dns;
  const Place& where = dns.error().where;
  return Error{fmt::format("{}:{}:{}: {}", where.file, where.line, where.column, dns.error().message), where};
}

}  // namespace postern::cli
