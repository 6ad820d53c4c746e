#include "milter/cli/spf.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "milter/cli/ask_dns.h"
#include "milter/json.h"
#include "policy/auth/spf/spf.h"
#include "policy/base/text.h"

namespace postern::cli {

namespace {

constexpr std::chrono::seconds kPatience{20};  // RFC 7208 4.6.4

int say(const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return kUnusable;
}

std::string without_brackets(std::string_view path) {
  if (path.starts_with('<') && path.ends_with('>')) path = path.substr(1, path.size() - 2);
  return std::string(path);
}

Json as_json(const spf::Result& result, const spf::Query& query) {
  return {{"result", spf::name(result.status)},
          {"domain", result.domain},
          {"identity", spf::name(result.identity)},
          {"mechanism", result.mechanism},
          {"reason", result.reason},
          {"explanation", result.explanation},
          {"received_spf", spf::received_spf(result, query)}};
}

}  // namespace

int ask_spf(const SpfOptions& options) {
  const auto client = IpAddress::parse(options.client_ip);
  if (!client) return say(fmt::format("--client-ip: \"{}\" is no address", printable(options.client_ip, 60)));
  const SystemClock clock;
  Counters counters;
  const auto dns = ask_dns(options.zone, clock, counters);
  if (!dns) return say(dns.error().message);
  const spf::Query query{.client = *client,
                         .helo = options.helo,
                         .mail_from = without_brackets(options.mail_from),
                         .identity = options.helo_identity ? spf::Identity::helo : spf::Identity::mail_from,
                         .unix_time = std::chrono::system_clock::to_time_t(clock.wall())};
  const spf::Result result = spf::check(query, **dns, Deadline(clock.now() + kPatience), {.explain = options.explain});
  if (options.json) {
    std::printf("%s\n", json_line(as_json(result, query)).c_str());
    return kOk;
  }
  std::printf("%s: %s\n", std::string(spf::name(result.status)).c_str(), result.reason.c_str());
  if (!result.explanation.empty()) std::printf("%s\n", result.explanation.c_str());
  std::printf("Received-SPF: %s\n", spf::received_spf(result, query).c_str());
  return kOk;
}

}  // namespace postern::cli
