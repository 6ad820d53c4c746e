#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/dns/caching_resolver.h"
#include "policy/dns/guarded_source.h"
#include "policy/dns/options.h"
#include "policy/dns/unbound_resolver.h"
#include "policy/dns/zone_resolver.h"

namespace postern::dns {

namespace {

// Answers for a process that may not use the network.
class NoResolver final : public Resolver {
 public:
  void prefetch(const Question&) override {}
  AnswerPtr query(const Question&, const Deadline&) override { return answer_; }
  AnswerPtr query_uncached(const Question&, const Deadline&) override { return answer_; }

 private:
  static AnswerPtr offline() {
    Answer answer;
    answer.trust = Trust::local;
    answer.problem = "offline";
    return std::make_shared<const Answer>(std::move(answer));
  }
  const AnswerPtr answer_ = offline();
};

std::vector<Options::Server> system_servers() {
  std::vector<Options::Server> servers;
  std::ifstream file("/etc/resolv.conf");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word, address;
    if (words >> word >> address && word == "nameserver" && IpAddress::parse(address)) servers.push_back({address});
  }
  if (servers.empty()) servers.push_back({"127.0.0.1"});  // resolv.conf(5): the default is this machine's
  return servers;
}

Result<std::unique_ptr<Resolver>> network_resolver(Options options, const Clock& clock, Counters& counters) {
  for (const Options::Server& server : options.servers) {
    if (!IpAddress::parse(server.address))
      return Error{fmt::format("DNS server \"{}\" is no IP address", printable(server.address)), {}};
  }
  if (options.servers.empty()) options.servers = system_servers();
  auto source = UnboundSource::make(options, counters);
  if (!source) return source.error();
  auto guarded = std::make_unique<GuardedSource>(std::move(source).value(), options, clock, counters);
  return std::unique_ptr<Resolver>(std::make_unique<CachingResolver>(std::move(guarded), options, clock, counters));
}

}  // namespace

Result<std::unique_ptr<Resolver>> make_resolver(const Options& options, const Clock& clock, Counters& counters) {
  Zone zone;
  if (!options.zone_files.empty()) {
    auto read = read_zone_files(options.zone_files);
    if (!read) return read.error();
    zone = std::move(read).value();
  }
  std::unique_ptr<Resolver> network;
  if (!options.offline) {
    auto made = network_resolver(options, clock, counters);
    if (!made) return made.error();
    network = std::move(made).value();
  }
  if (!options.zone_files.empty())
    return std::unique_ptr<Resolver>(std::make_unique<ZoneResolver>(std::move(zone), std::move(network)));
  if (network) return network;
  return std::unique_ptr<Resolver>(std::make_unique<NoResolver>());
}

}  // namespace postern::dns
