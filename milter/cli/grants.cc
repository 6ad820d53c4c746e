#include "milter/cli/grants.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "config/configuration.h"
#include "milter/json.h"
#include "policy/accounts/identity/learn.h"
#include "policy/store/make_store.h"

namespace postern::cli {

namespace {

constexpr std::size_t kMostObservations = 1'000'000;  // local: no site has more senders

int say(int status, const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return status;
}

std::string day(std::chrono::sys_days date) {
  const std::chrono::year_month_day d(date);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()), static_cast<unsigned>(d.month()),
                     static_cast<unsigned>(d.day()));
}

std::string seen_json(const std::vector<accounts::Observation>& seen) {
  Json all = Json::array();
  for (const accounts::Observation& one : seen) {
    all.push_back({{"login", one.login},
                   {"address", one.address},
                   {"member", accounts::name(one.member)},
                   {"count", one.count},
                   {"first", day(one.first)},
                   {"last", day(one.last)}});
  }
  return json_line(all);
}

}  // namespace

int propose_grants(const GrantsOptions& options) {
  std::string path = options.store;
  if (path.empty()) {
    Problems problems;
    const auto configuration = config::load_file(options.config, {}, problems);
    for (const Problem& problem : problems.sorted()) std::fprintf(stderr, "%s\n", problem.line().c_str());
    if (!configuration) return kUnusable;
    path = configuration->store.path;
  }
  if (path.empty())
    return say(kUnusable,
               "nothing is kept: write store: {path: /var/lib/postern/store.db} and checks: {identity: {learn: 30d}}");
  const SystemClock clock;
  Counters counters;
  const auto store = store::open_read_only(path, clock, counters);
  if (!store) return say(kFailed, store.error().message);
  auto seen = accounts::observations((*store)->list(store::Space::observed_grant, "", kMostObservations));
  std::erase_if(seen, [&](const accounts::Observation& one) {
    return one.count < options.least || (!options.login.empty() && one.login != options.login);
  });
  if (options.json) {
    std::printf("%s\n", seen_json(seen).c_str());
    return kOk;
  }
  const std::string text = accounts::propose(
      seen, {.min_count = options.least, .whole_domain = static_cast<std::size_t>(options.whole_domain)});
  if (text.empty()) return say(kOk, "nobody was seen with an address that is not his own, at least not that often");
  std::printf("%s", text.c_str());
  return kOk;
}

}  // namespace postern::cli
