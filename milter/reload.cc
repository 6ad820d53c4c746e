#include "milter/reload.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace postern {

namespace {

std::string text_of(const config::Listen& listen) {
  return fmt::format("{} {:o} {}", listen.libmilter_text(), listen.mode, listen.group);
}

// All that a resolver is made of, the zone files by their time and size: where this is the same, so is the resolver.
std::string text_of(const dns::Options& dns) {
  std::string text = fmt::format("{} {} {} {} {} {} {} {} {} {}", dns.trust_anchor, dns.offline, dns.timeout.count(),
                                 dns.cache_entries, dns.least_negative_age.count(), dns.most_age.count(),
                                 dns.failure_age.count(), dns.stale_age.count(), dns.outstanding, dns.zone_outstanding);
  for (const dns::Options::Server& server : dns.servers) text += fmt::format(" {}@{}", server.address, server.port);
  for (const Domain& name : dns.canary) text += " canary " + name.text();
  for (const std::string& file : dns.zone_files) {
    std::error_code none;
    text += fmt::format(" {} {} {}", file, std::filesystem::last_write_time(file, none).time_since_epoch().count(),
                        std::filesystem::file_size(file, none));
  }
  return text;
}

std::string text_of(const store::Options& store) {
  std::string text =
      fmt::format("{} {} {} {}", static_cast<int>(store.type), store.path, store.most_entries, store.most_bytes);
  const store::redis::Options& redis = store.redis;
  text += fmt::format(" {} {} {} {} {} {} {} {} {} {}", redis.user, redis.password, redis.database, redis.tls,
                      redis.ca_file, redis.sentinel, redis.cluster, redis.timeout.count(), redis.prefix, redis.nodes);
  for (const store::redis::Server& server : redis.servers) text += " " + store::redis::text_of(server);
  return text;
}

// What was built once, at start.
std::vector<std::string> only_at_start(const config::Configuration& started, const config::Configuration& loaded) {
  std::vector<std::string> changed;
  if (text_of(started.listen) != text_of(loaded.listen)) changed.emplace_back("listen");
  if (started.control_socket != loaded.control_socket) changed.emplace_back("admin.socket");
  if (started.log_form != loaded.log_form || started.log_level != loaded.log_level) changed.emplace_back("log");
  if (started.evidence_threads != loaded.evidence_threads) changed.emplace_back("evidence_threads");
  if (text_of(started.store) != text_of(loaded.store) || started.ledger_bytes != loaded.ledger_bytes)
    changed.emplace_back("store");
  if (!(started.notify == loaded.notify)) changed.emplace_back("notices");
  return changed;
}

std::vector<std::string> lines(const std::vector<Problem>& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems) lines.push_back(problem.line());
  return lines;
}

}  // namespace

Reloader::Reloader(std::string path, config::Configuration started, const Problems& problems, PolicyInForce& policy,
                   dns::ResolverInForce& dns, config::Keeping keeping, Admission& admission, Clock& clock,
                   Counters& counters, Log& log)
    : path_(std::move(path)),
      policy_(policy),
      dns_(dns),
      admission_(admission),
      keeping_(std::move(keeping)),
      clock_(clock),
      counters_(counters),
      log_(log),
      in_force_(started),
      dns_made_of_(text_of(started.dns)),
      started_(std::move(started)),
      generation_(started_.policy->generation) {
  last_ = Report{
      .ok = true, .generation = generation_, .at = clock.wall(), .problems = problems.sorted(), .needs_restart = {}};
  admission_.limit(started_.max_sessions, started_.max_callbacks);
  equip();
  policy_.replace(in_force_.policy, last_.at);
}

void Reloader::equip() {
  std::shared_ptr<const Backends> before = equipment_.backends;
  equipment_ = config::equip(in_force_, equipment_, keeping_, dns_, clock_, counters_);
  if (before && before != equipment_.backends) retired_.push_back(std::move(before));
}

Reloader::Report Reloader::reload() {
  const std::lock_guard lock(mutex_);
  Problems problems;
  std::optional<config::Configuration> loaded = config::load_file(
      path_, config::LoadOptions{.generation = generation_ + 1, .zone_file = {}, .offline = false}, problems);
  std::unique_ptr<dns::Resolver> resolver;  // null: the one in force stays
  const std::string made_of = loaded ? text_of(loaded->dns) : std::string();
  if (loaded && made_of != dns_made_of_) {
    Result<std::unique_ptr<dns::Resolver>> made = dns::make_resolver(loaded->dns, clock_, counters_);
    if (made) {
      resolver = std::move(*made);
    } else {
      problems.error(made.error().where, made.error().message);
      loaded.reset();
    }
  }
  Report report{.ok = loaded.has_value(),
                .generation = generation_,
                .at = clock_.wall(),
                .problems = problems.sorted(),
                .needs_restart = {}};
  if (loaded) {
    report.generation = ++generation_;
    report.needs_restart = only_at_start(started_, *loaded);
    in_force_ = *std::move(loaded);
    equip();
    admission_.limit(in_force_.max_sessions, in_force_.max_callbacks);
    if (resolver) {
      dns_.replace(std::move(resolver));
      dns_made_of_ = made_of;
    }
    policy_.replace(in_force_.policy, report.at);
  }
  Event event{"reload", report.ok ? LogLevel::info : LogLevel::error, {}};
  event.add("ok", report.ok).add("generation", static_cast<std::int64_t>(report.generation));
  if (!report.problems.empty()) event.add("problems", static_cast<std::int64_t>(report.problems.size()));
  if (!report.needs_restart.empty()) event.add("needs_restart", report.needs_restart);
  log_.write(event);
  for (const std::string& line : lines(report.problems))
    log_.write(Event{"problem", report.ok ? LogLevel::warning : LogLevel::error, {}}.add("text", line));
  last_ = report;
  return report;
}

Reloader::Report Reloader::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::chrono::seconds Reloader::drain() const {
  const std::lock_guard lock(mutex_);
  return in_force_.drain;
}

std::vector<Reloader::DirectoryState> Reloader::directories() const {
  const std::lock_guard lock(mutex_);
  std::vector<DirectoryState> states;
  for (const auto& directory : equipment_.backends->directories)
    states.push_back({std::string(directory->name()), directory->trouble()});
  return states;
}

void Reloader::tell_of_directories() {
  for (const auto& directory : equipment_.backends->directories) {
    const std::string name(directory->name());
    const std::string trouble = directory->trouble();
    std::string& told = told_of_[name];
    if (told.empty() == trouble.empty()) continue;
    told = trouble;
    log_.write(Event{"directory", trouble.empty() ? LogLevel::info : LogLevel::error, {}}
                   .add("name", name)
                   .add("reason", trouble.empty() ? std::string("answers again") : trouble));
  }
}

void Reloader::let_go() {
  if (ending_.valid() && ending_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  std::vector<std::shared_ptr<const Backends>> last;
  for (auto& backends : retired_) {
    if (backends.use_count() == 1) last.push_back(std::move(backends));
  }
  std::erase(retired_, nullptr);
  if (last.empty()) return;
  try {
    ending_ = std::async(std::launch::async, [last = std::move(last)]() mutable { last.clear(); });
  } catch (const std::system_error&) {  // no thread to be had: they have ended here
  }
}

void Reloader::refresh() {
  const std::lock_guard lock(mutex_);
  tell_of_directories();
  let_go();
  for (const auto& directory : equipment_.backends->directories) {
    for (const std::string& problem : directory->refresh())
      log_.write(
          Event{"directory", LogLevel::error, {}}.add("name", std::string(directory->name())).add("reason", problem));
  }
  for (const auto& file : in_force_.overrides) {
    const std::string before = file->problem();
    file->refresh();
    if (const std::string problem = file->problem(); !problem.empty() && problem != before)
      log_.write(Event{"list", LogLevel::error, {}}.add("name", std::string("override")).add("reason", problem));
  }
  for (const auto& database : in_force_.geo) {
    for (const std::string& problem : database->refresh())
      log_.write(Event{"list", LogLevel::error, {}}.add("name", std::string("geo")).add("reason", problem));
  }
  if (!in_force_.lists) return;
  for (const auto& [name, list] : in_force_.lists->all()) {
    for (const std::string& problem : list->refresh()) {
      log_.write(Event{"list", LogLevel::error, {}}.add("name", name).add("reason", problem));
    }
  }
}

}  // namespace postern
