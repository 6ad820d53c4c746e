#include "policy/notices/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>

#include "policy/base/sip_hash.h"
#include "policy/base/stream.h"
#include "policy/notices/command.h"
#include "policy/notices/lane.h"
#include "policy/notices/mail_way.h"
#include "policy/notices/quiet_thread.h"
#include "policy/notices/webhook.h"

namespace postern::notices {

namespace {

constexpr std::size_t kMostAddressees = 20;  // local: of one incident
constexpr std::size_t kMostFacts = 100;      // local
constexpr std::chrono::hours kCapped{1};     // local: what a rule may tell is counted anew

std::string short_key(std::string key) {
  if (key.size() <= store::kMostKeyBytes) return key;
  constexpr SipKey kSame{0x706f737465726e, 0x6e6f7469636573};  // the same after a restart, and on every machine
  const std::string hash = fmt::format("#{:016x}{:016x}", sip_hash(kSame, key, 1), sip_hash(kSame, key, 2));
  return key.substr(0, store::kMostKeyBytes - hash.size()) + hash;
}

// The incident in the store: who rule and key are, within the store's limit.
std::string store_key(const Incident& incident) { return short_key(incident.rule + '\0' + incident.key); }

// How many of its rule were told; no rule's name is empty.
std::string store_key_of_rule(const Incident& incident) { return short_key('\0' + incident.rule); }

std::string token() {
  const SipKey random = SipKey::random();
  return fmt::format("{:016x}{:016x}", random.first, random.second);
}

}  // namespace

struct Notifier::Parts {
  Parts(const NotifyOptions& notify, store::Store& to_store, const Clock& from_clock, Counters& counters, Log& to_log)
      : options(notify),
        store(to_store),
        clock(from_clock),
        log(to_log),
        failed(counters.get("notices.failed")),
        dropped(counters.get("notices.dropped")),
        suppressed(counters.get("notices.suppressed")),
        capped(counters.get("notices.capped")) {
    const auto open = [&](std::unique_ptr<Way> way, const char* name) {
      lanes.push_back(std::make_unique<Lane>(
          std::move(way), name,
          Lane::Options{
              .patience = options.patience, .retry_after = options.retry_after, .most_waiting = options.most_waiting},
          counters, log));
    };
    open(std::make_unique<MailWay>(options.mail, interrupt), "postern-n-mail");
    if (const auto url = WebhookUrl::parse(options.webhook))
      open(std::make_unique<Webhook>(*url, options.webhook_token_file, options.mail.hostname, interrupt),
           "postern-n-hook");
    if (!options.command.empty())
      open(std::make_unique<Command>(options.command, options.mail.hostname, interrupt), "postern-n-cmd");
    thread = quiet_thread("postern-notify", [this] { work(); });
  }

  ~Parts() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    changed.notify_all();
    thread.join();
    interrupt.raise();
    lanes.clear();
  }

  void work() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return ending || !queue.empty(); });
      if (ending) return;
      Incident incident = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      const std::string key = store_key(incident);
      begin(std::move(incident), key);
      lock.lock();
      waiting.erase(key);
    }
  }

  void begin(Incident incident, const std::string& key) {
    const WallTime now = clock.wall();
    if (store.add(store::Space::incident, key, 1, now + options.every) > 1) {
      suppressed.add();
      return;
    }
    record(incident);
    // A stranger may have as many networks as he likes (FAULTS T55).
    const std::string rule_key = store_key_of_rule(incident);
    const std::int64_t of_rule = store.add(store::Space::incident, rule_key, 1, now + kCapped);
    if (of_rule > options.most_of_rule) {
      give_up(incident, capped, "too many of this rule");
      if (of_rule > options.most_of_rule + 1) {
        uncount(rule_key, now);  // it stays at one more, so that whoever could not be told makes room
        const WallTime until = now + std::min<std::chrono::seconds>(options.every, kCapped);
        store.put(store::Space::incident, key, "1", until);  // to be told when there is room
        return;
      }
      incident.key = incident.rule;
      incident.what = fmt::format("more than {} incidents of the rule within an hour, the others are in the log alone",
                                  options.most_of_rule);
      incident.facts.clear();
      incident.to = {options.postmaster};
    }
    // Whoever could be told in no way is told when it happens again.
    const auto telling = std::make_shared<Telling>(Notice{.incident = std::move(incident), .at = now, .token = token()},
                                                   [this, key, rule_key, now] {
                                                     store.erase(store::Space::incident, key);
                                                     uncount(rule_key, now);
                                                   });
    std::size_t addressees = 0;
    for (const auto& lane : lanes) addressees += lane->take(telling);
    if (addressees == 0) give_up(telling->notice().incident, failed, "nobody is to be told");
  }

  // One of its rule less is told, where that is counted still.
  void uncount(const std::string& rule_key, WallTime then) {
    const auto counted = store.get(store::Space::incident, rule_key);
    if (counted && counted->value != "0") store.add(store::Space::incident, rule_key, -1, then + kCapped);
  }

  // The record of it, with its sample of the evidence.
  void record(const Incident& incident) {
    Event event{.name = "incident", .level = LogLevel::warning, .fields = {}};
    event.add("rule", incident.rule).add("key", incident.key).add("id", incident.id).add("text", incident.what);
    std::vector<std::string> facts;
    for (const auto& [name, value] : incident.facts) facts.push_back(name + ": " + value);
    log.write(event.add("facts", std::move(facts)));
  }

  void give_up(const Incident& incident, Counter& counter, std::string_view reason) {
    counter.add();
    Event event{.name = "notify", .level = LogLevel::warning, .fields = {}};
    event.add("ok", false).add("rule", incident.rule).add("key", incident.key).add("id", incident.id);
    log.write(event.add("reason", std::string(reason)));
  }

  const NotifyOptions options;
  store::Store& store;
  const Clock& clock;
  Log& log;
  Counter& failed;
  Counter& dropped;
  Counter& suppressed;
  Counter& capped;
  Interrupt interrupt;
  std::vector<std::unique_ptr<Lane>> lanes;

  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::deque<Incident> queue;
  std::set<std::string> waiting;  ///< the incidents in it, and the one at hand
  bool ending = false;
  std::thread thread;
};

Notifier::Notifier(const NotifyOptions& options, store::Store& store, const Clock& clock, Counters& counters, Log& log)
    : parts_(std::make_unique<Parts>(options, store, clock, counters, log)) {}

Notifier::~Notifier() = default;

void Notifier::tell(Incident incident) {
  incident.to.resize(std::min(incident.to.size(), kMostAddressees));
  incident.facts.resize(std::min(incident.facts.size(), kMostFacts));
  std::string key = store_key(incident);
  Parts& parts = *parts_;
  {
    const std::lock_guard lock(parts.mutex);
    if (parts.waiting.contains(key)) {
      parts.suppressed.add();
      return;
    }
    if (parts.queue.size() < parts.options.most_waiting) {
      parts.waiting.insert(std::move(key));
      parts.queue.push_back(std::move(incident));
      parts.changed.notify_one();
      return;
    }
  }
  parts.give_up(incident, parts.dropped, "too many wait");
}

}  // namespace postern::notices
