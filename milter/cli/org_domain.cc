#include "milter/cli/org_domain.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "milter/cli/ask_dns.h"
#include "milter/json.h"
#include "policy/auth/dmarc/dmarc.h"
#include "policy/auth/public_suffix.h"

namespace postern::cli {

namespace {

constexpr std::chrono::seconds kPatience{20};  // local: eight questions, all asked at once

int say(int status, const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return status;
}

int print(const Domain& domain, const std::optional<Domain>& organization, const std::string& model, bool json) {
  if (json) {
    const Json found = {{"domain", domain.text()},
                        {"model", model},
                        {"organizational_domain", organization ? Json(organization->text()) : Json(nullptr)}};
    std::printf("%s\n", json_line(found).c_str());
  } else if (organization) {
    std::printf("%s\n", organization->text().c_str());
  } else {
    std::printf("%s has no organizational domain\n", domain.text().c_str());
  }
  return kOk;
}

}  // namespace

int show_organization(const OrgDomainOptions& options) {
  const auto domain = Domain::parse(options.domain);
  if (!domain) return say(kUnusable, fmt::format("\"{}\" is no domain", printable(options.domain, 60)));
  const std::string by_default = options.zone.empty() ? "psl" : "rfc9989";
  const std::string model = options.model.empty() ? by_default : options.model;
  if (model == "psl") return print(*domain, organizational_domain(*domain), model, options.json);
  const SystemClock clock;
  Counters counters;
  const auto dns = ask_dns(options.zone, clock, counters);
  if (!dns) return say(kUnusable, dns.error().message);
  const auto found =
      dmarc::organizational_domain(*domain, dmarc::Model::rfc9989, **dns, Deadline(clock.now() + kPatience));
  if (!found.domain) return say(kFailed, fmt::format("{}: {}", domain->text(), dns::name(found.status)));
  return print(*domain, found.domain, model, options.json);
}

}  // namespace postern::cli
