#include "milter/daemon.h"

#include <fmt/format.h>
#include <libmilter/mfapi.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>

#include "config/configuration.h"
#include "config/keep.h"
#include "milter/admin/control_socket.h"
#include "milter/admin/requests.h"
#include "milter/admin/status.h"
#include "milter/dns_watch.h"
#include "milter/door.h"
#include "milter/gate.h"
#include "milter/listener.h"
#include "milter/memory_guard.h"
#include "milter/privileges.h"
#include "milter/reload.h"
#include "milter/signals.h"
#include "milter/supervisor.h"
#include "milter/version.h"
#include "policy/dns/resolver_in_force.h"
#include "policy/notices/notifier.h"

namespace postern {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxPacketBytes = 1UL << 20U;  // FAULTS M1: a header of 70,000 bytes would end the session
constexpr std::size_t kThreadStackBytes =
    1UL << 20U;  // local: libmilter starts a thread for each callback that waits (FAULTS T6)
constexpr std::size_t kEvidenceQueue = 4096;       // local: more wait for whoever needs them
constexpr std::size_t kFilesBesideSessions = 200;  // local: sockets of the resolver, lists, the program's own
constexpr auto kStartPatience = 10s;
constexpr auto kSavePatience = 5s;
constexpr auto kTick = 1000ms;
constexpr auto kListsEvery = 5s;

struct Sockets {
  std::unique_ptr<ControlSocket> control;
  std::unique_ptr<Listener> listener;
};

Result<Sockets> open_sockets(const config::Configuration& configuration, const TestSwitches& test) {
  Sockets sockets;
  if (!configuration.control_socket.empty()) {
    Result<std::unique_ptr<ControlSocket>> control = ControlSocket::open(configuration.control_socket);
    if (!control) return control.error();
    sockets.control = std::move(*control);
  }
  if (!register_callbacks()) return Error{"libmilter refuses our callbacks", {}};
  Result<std::unique_ptr<Listener>> listener = Listener::open(configuration.listen, !test.without("socket-claim"));
  if (!listener) return listener.error();
  sockets.listener = std::move(*listener);
  return sockets;
}

// For tests.
Limits limits_of(const TestSwitches& test) {
  Limits limits;
  if (test.without("deadlines")) limits.callback_wait = limits.end_wait = 1h;
  if (test.without("header-caps")) limits.header_fields = limits.header_bytes = limits.field_bytes = SIZE_MAX;
  limits.keeps_policy = !test.without("snapshot");
  return limits;
}

class Daemon {
 public:
  Daemon(const DaemonOptions& options, config::Configuration configuration, const Problems& problems, Sockets sockets,
         Clock& clock, Counters& counters, Log& log, std::unique_ptr<dns::Resolver> dns, config::Keeping keeping,
         Door& door)
      : configuration_(std::move(configuration)),
        sockets_(std::move(sockets)),
        clock_(clock),
        counters_(counters),
        log_(log),
        started_(clock.wall()),
        dns_(std::move(dns)),
        keeping_(std::move(keeping)),
        notifier_(configuration_.notify, *keeping_.store, clock, counters, log),
        pool_("postern-evid", configuration_.evidence_threads, kEvidenceQueue),
        services_{clock,
                  log,
                  counters,
                  dns_,
                  pool_,
                  {},
                  limits_of(options.test),
                  [this](notices::Incident incident) { notifier_.tell(std::move(incident)); }},
        policy_(configuration_.policy, started_),
        admission_(counters),
        reloader_(options.config, configuration_, problems, policy_, dns_, keeping_, admission_, clock, counters, log),
        gate_{.services = services_,
              .policy = policy_,
              .admission = admission_,
              .test = options.test,
              .fault = FaultPlan(options.test.fault)},
        memory_(options.test.memory ? options.test.memory : memory_limit()),
        door_(door) {}

  int run();

 private:
  bool start();
  void serve();
  int finish();
  void tell_of_crowding();
  void guard_memory();
  void tell_of_store();
  Reloader::Report reload();
  std::string answer(std::string_view command);

  const config::Configuration configuration_;
  Sockets sockets_;
  Clock& clock_;
  Counters& counters_;
  Log& log_;
  const WallTime started_;
  dns::ResolverInForce dns_;
  const config::Keeping keeping_;
  notices::Notifier notifier_;
  Pool pool_;
  Services services_;
  PolicyInForce policy_;
  Admission admission_;
  Reloader reloader_;
  Gate gate_;
  MemoryGuard memory_;
  Door& door_;
  bool told_of_crowding_ = false;
  bool told_of_memory_ = false;
  std::string told_of_store_;
  std::unique_ptr<Nudge> nudge_;
  std::atomic<bool> libmilter_ended_{false};
};

int Daemon::run() {
  log_.write(Event{"start", LogLevel::info, {}}
                 .add("version", std::string(kVersion))
                 .add("pid", static_cast<std::int64_t>(getpid()))
                 .add("listen", configuration_.listen.libmilter_text())
                 .add("mode", std::string(configuration_.policy->mode == Mode::enforce ? "enforce" : "monitor")));
  if (is_root())
    log_.write(
        Event{"advice", LogLevel::warning, {}}.add("text", std::string("runs as root; give it a user of its own")));
  if (!start()) {
    sockets_.listener.reset();
    sockets_.control.reset();
    _exit(1);  // libmilter's threads are at work with what would be destroyed now
  }
  serve();
  return finish();
}

bool Daemon::start() {
  if (!gate_.test.without("nudge")) {
    nudge_ = std::make_unique<Nudge>(configuration_.listen, log_, counters_);
    gate_.nudge = nudge_.get();
  }
  attach(gate_);
  door_.guard(sockets_.listener->number());
  hang(door_);
  smfi_setmaxdatasize(kMaxPacketBytes);
  smfi_settimeout(static_cast<int>(Door::kIdleLimit.count()));
  std::thread libmilter([this] {
    pthread_setname_np(pthread_self(), "postern-milter");  // first: libmilter's own threads inherit it
    smfi_main();
    libmilter_ended_ = true;
  });
  libmilter.detach();  // it ends with the process: smfi_stop() would cut sessions (PLATFORM 2)
  if (nudge_) {
    nudge_->start();
    if (!nudge_->wait_until_served(clock_.now() + kStartPatience)) {
      log_.write(Event{"fault", LogLevel::error, {}}
                     .add("part", std::string("libmilter"))
                     .add("reason", std::string("does not serve its own socket")));
      return false;
    }
  }
  if (sockets_.control)
    sockets_.control->start([this](std::string_view command) { return answer(command); }, counters_);
  log_.write(Event{"ready", LogLevel::info, {}}.add(
      "ms", std::chrono::duration<double, std::milli>(clock_.wall() - started_).count()));
  supervisor::ready(fmt::format("Serving {}, policy generation {}", configuration_.listen.libmilter_text(),
                                configuration_.policy->generation));
  return true;
}

void Daemon::serve() {
  const std::optional<std::chrono::milliseconds> watchdog = supervisor::watchdog();
  const std::chrono::milliseconds tick =
      watchdog ? std::min<std::chrono::milliseconds>(kTick, *watchdog / 2) : std::chrono::milliseconds(kTick);
  SteadyTime lists_read = clock_.now();
  DnsWatch dns_watch(dns_, log_);
  while (!libmilter_ended_) {
    dns_watch.tick();
    tell_of_store();
    switch (wait_for_signal(tick)) {
      case Signal::stop: return;
      case Signal::reload: reload(); break;
      case Signal::none: break;
    }
    if (watchdog && (!nudge_ || nudge_->is_served())) supervisor::alive();
    tell_of_crowding();
    guard_memory();
    log_.tell_suppressed();
    if (clock_.now() - lists_read < kListsEvery) continue;
    reloader_.refresh();
    lists_read = clock_.now();
  }
}

void Daemon::tell_of_crowding() {
  const bool crowded = door_.is_crowded();
  if (crowded && !told_of_crowding_)
    log_.write(Event{"fault", LogLevel::error, {}}
                   .add("part", std::string("files"))
                   .add("reason", std::string("too many are open; new connections wait")));
  told_of_crowding_ = crowded;
}

void Daemon::tell_of_store() {
  for (const std::string& notice : keeping_.store->take_notices())
    log_.write(Event{"store", LogLevel::warning, {}}.add("text", notice));
  const std::string problem = keeping_.store->health().problem;
  if (problem == told_of_store_) return;
  told_of_store_ = problem;
  log_.write(Event{"store", problem.empty() ? LogLevel::info : LogLevel::error, {}}.add(
      "text", problem.empty() ? std::string("is written again") : "in memory alone: " + problem));
}

void Daemon::guard_memory() {
  if (gate_.test.without("memory-guard")) return;
  const bool is_short = memory_.is_near(resident_bytes());
  if (is_short && !told_of_memory_)
    log_.write(Event{"fault", LogLevel::error, {}}
                   .add("part", std::string("memory"))
                   .add("reason", std::string("near its limit; new messages are put off")));
  told_of_memory_ = is_short;
  admission_.memory_is_short(is_short);
}

Reloader::Report Daemon::reload() {
  supervisor::reloading();
  const Reloader::Report report = reloader_.reload();
  supervisor::ready(fmt::format("Serving {}, policy generation {}{}", configuration_.listen.libmilter_text(),
                                report.generation, report.ok ? "" : "; the last reload was refused"));
  return report;
}

std::string Daemon::answer(std::string_view command) {
  if (command == "reload") {
    return reload_json(reload());
  }
  if (command == "status") {
    const std::shared_ptr<const Policy> policy = policy_.get();
    return status_json(Status{.version = std::string(kVersion),
                              .pid = getpid(),
                              .started = started_,
                              .generation = policy->generation,
                              .mode = policy->mode == Mode::enforce ? "enforce" : "monitor",
                              .policy_since = policy_.since(),
                              .sessions = admission_.sessions(),
                              .draining = gate_.draining,
                              .served = !nudge_ || nudge_->is_served(),
                              .dns = dns_.health(),
                              .store = keeping_.store->health(),
                              .directories = reloader_.directories(),
                              .counters = counters_.snapshot(),
                              .last_reload = reloader_.last()},
                       clock_.wall());
  }
  return answer_request(command, *policy_.get(), clock_, log_);
}

// Nobody new gets in, open sessions finish their message, and what is still open after the longest wait is cut: the MTA
// then answers 451.
int Daemon::finish() {
  const bool given_up = libmilter_ended_;
  supervisor::stopping();
  gate_.draining = true;
  log_.write(Event{"drain", LogLevel::info, {}}
                 .add("sessions", admission_.sessions())
                 .add("wait_s", static_cast<std::int64_t>(reloader_.drain().count())));
  sockets_.listener->drain();
  const SteadyTime until = clock_.now() + reloader_.drain();
  while (!given_up && admission_.sessions() > 0 && clock_.now() < until) {
    if (wait_for_signal(20ms) == Signal::stop) break;  // asked twice
    supervisor::alive();
  }
  const std::int64_t cut = admission_.sessions();
  sockets_.control.reset();
  if (given_up)
    log_.write(Event{"fault", LogLevel::error, {}}
                   .add("part", std::string("libmilter"))
                   .add("reason", std::string("has ended")));
  keeping_.memory->save(Deadline(clock_.now() + kSavePatience));
  log_.tell_suppressed(true);
  log_.write(Event{"stop", cut > 0 ? LogLevel::warning : LogLevel::info, {}}.add("cut_sessions", cut));
  if (cut > 0 || given_up) _exit(given_up ? 1 : 0);  // their callbacks may be at work with what would be destroyed now
  detach();
  if (admission_.sessions() > 0) _exit(0);  // one more came in at the last moment
  nudge_.reset();
  return 0;
}

void settle_limits(const config::Configuration& configuration, Log& log) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
  const std::size_t files = raise_file_limit();
  if (files >= configuration.max_sessions + kFilesBesideSessions) return;
  log.write(Event{"advice", LogLevel::warning, {}}.add(
      "text", fmt::format("{} files may be open, too few for {} sessions: raise LimitNOFILE", files,
                          configuration.max_sessions)));
}

int say(int status, const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return status;
}

}  // namespace

int run_daemon(const DaemonOptions& options) {
  if (!options.test.without("signals")) own_signals();
  Problems problems;
  std::optional<config::Configuration> configuration = config::load_file(options.config, {}, problems);
  for (const Problem& problem : problems.sorted()) std::fprintf(stderr, "%s\n", problem.line().c_str());
  if (!configuration) return say(2, options.config + " cannot be used; nothing was started");
  Log log(configuration->log_form, configuration->log_level, !options.test.without("log-limit"));
  settle_limits(*configuration, log);
  Result<Sockets> sockets = open_sockets(*configuration, options.test);
  if (!sockets) return say(1, sockets.error().message);
  if (!options.user.empty()) {
    for (const std::string& path : {configuration->listen.path, configuration->control_socket}) {
      const Result<bool> given = path.empty() ? Result<bool>(true) : give_to_user(path, options.user);
      if (!given) return say(1, given.error().message);
    }
    const Result<bool> became = become(options.user);
    if (!became) return say(1, became.error().message);
  }
  FailingClock clock;
  const auto counters = std::make_shared<Counters>();
  Result<std::unique_ptr<dns::Resolver>> dns = dns::make_resolver(configuration->dns, clock, *counters);
  if (!dns) return say(2, dns.error().message);
  Result<config::Keeping> keeping = config::keep(*configuration, clock, *counters);
  if (!keeping) return say(2, "store: " + keeping.error().message);
  Door& door = *new Door(counters, options.test);  // never deleted: libmilter's threads end with the process
  Daemon daemon(options, *std::move(configuration), problems, std::move(*sockets), clock, *counters, log,
                std::move(*dns), *std::move(keeping), door);
  return daemon.run();
}

}  // namespace postern
