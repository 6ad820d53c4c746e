#include "milter/admin/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "milter/json.h"
#include "policy/limits/behaviour.h"
#include "policy/limits/freezer.h"
#include "policy/limits/limit.h"
#include "policy/rules/program.h"

namespace postern {

namespace {

using limits::Answer;
using limits::Ledger;

constexpr std::chrono::seconds kPatience{5};          // local: of a store that several machines share
constexpr std::int64_t kMostListed = 1000;            // local
constexpr std::int64_t kLongestFreeze = 366 * 86400;  // local

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string text_at(const Json& request, const char* key) {
  const auto found = request.find(key);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_at(const Json& request, const char* key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most) {
  const auto found = request.find(key);
  return found != request.end() && found->is_number_integer() ? std::clamp(found->get<std::int64_t>(), least, most)
                                                              : fallback;
}

Json failure(const std::string& why) { return {{"ok", false}, {"error", why}}; }

std::string shown(std::string key) {
  std::replace(key.begin(), key.end(), '\t', ' ');
  return key;
}

Json account_json(const Ledger::Account& account) {
  Json windows = Json::array();
  for (const Ledger::Account::Window& window : account.windows)
    windows.push_back({{"allow", text_of(window.allow)},
                       {"used", window.used},
                       {"remaining", std::max<std::int64_t>(0, window.allow.most - window.used)}});
  return {{"limit", account.limit}, {"key", shown(account.key)},    {"count", limits::name(account.unit)},
          {"windows", windows},     {"reserved", account.reserved}, {"refused", account.refused}};
}

/// Behaviour counts in the ledger, too: in windows of its own, which nobody set.
bool is_limit(const Ledger::Account& account) { return account.limit.find('/') == std::string::npos; }

Json list(std::vector<Ledger::Account> accounts) {
  std::erase_if(accounts, [](const Ledger::Account& a) { return !is_limit(a); });
  Json listed = Json::array();
  for (const Ledger::Account& account : accounts) listed.push_back(account_json(account));
  return {{"ok", true}, {"accounts", std::move(listed)}};
}

std::string_view word(Answer::Kind kind) {
  switch (kind) {
    case Answer::Kind::ok: return "ok";
    case Answer::Kind::near: return "near";
    case Answer::Kind::over: return "over";
    case Answer::Kind::unavailable: break;
  }
  return "unavailable";
}

// What would become of so many more, now.
Json predict(const Policy& policy, const std::vector<Ledger::Account>& accounts, std::int64_t amount, std::int64_t now,
             const Deadline& deadline) {
  Ledger& ledger = *policy.backends->ledger;
  Json predictions = Json::array();
  for (const Ledger::Account& account : accounts) {
    if (!is_limit(account) || account.windows.empty() || limits::counts_values(account.unit)) continue;
    std::vector<limits::Allowance> allow;
    for (const Ledger::Account::Window& window : account.windows) allow.push_back(window.allow);
    limits::Demand demand{
        .limit = account.limit, .key = account.key, .unit = account.unit, .allow = allow, .amount = amount};
    for (const limits::Limit& limit : policy.limits) {
      if (limit.name == account.limit) demand.near = limit.near;
    }
    Answer answer;
    ledger.look({&demand, 1}, {&answer, 1}, deadline);
    const std::size_t tightest = std::min(answer.tightest, allow.size() - 1);
    predictions.push_back({{"limit", account.limit},
                           {"amount", amount},
                           {"outcome", word(answer.kind)},
                           {"allow", text_of(allow[tightest])},
                           {"used", answer.used[tightest]},
                           {"next", limits::next_text(answer.next, now)}});
  }
  return {{"ok", true}, {"predictions", std::move(predictions)}};
}

bool names_frozen(const rules::Program& program, const rules::Rule& rule, std::size_t check, std::size_t frozen);

// Whether `e` may be true because an account is frozen.
bool names_frozen(const rules::Program& program, const rules::Expression& e, std::size_t check, std::size_t frozen) {
  if (e.kind == rules::Expression::Kind::check && e.check == check)
    return ((e.outcomes >> frozen & 1) != 0) != e.negated;
  const auto in = [&](const rules::Expression& part) { return names_frozen(program, part, check, frozen); };
  const auto by = [&](std::size_t r) { return names_frozen(program, program.rules[r], check, frozen); };
  return std::any_of(e.parts.begin(), e.parts.end(), in) || std::any_of(e.rules.begin(), e.rules.end(), by);
}

// The same of a rule, with the conditions of its groups.
bool names_frozen(const rules::Program& program, const rules::Rule& rule, std::size_t check, std::size_t frozen) {
  bool found = names_frozen(program, rule.when, check, frozen);
  for (auto g = rule.group; g && !found; g = program.groups[*g].parent) {
    const auto& when = program.groups[*g].when;
    found = when && names_frozen(program, *when, check, frozen);
  }
  return found;
}

// Whether a rule that counts stops whoever is frozen.
bool stops_frozen(const Policy& policy) {
  const rules::Program& program = policy.rules->program();
  for (std::size_t check = 0; check < program.checks.size(); ++check) {
    if (program.checks[check].name != "behaviour") continue;
    const auto& outcomes = program.checks[check].outcomes;
    const auto frozen =
        std::find_if(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.name == "frozen"; });
    const auto index = static_cast<std::size_t>(frozen - outcomes.begin());
    return std::any_of(program.rules.begin(), program.rules.end(), [&](const rules::Rule& rule) {
      return rule.final && *rule.final != rules::FinalAction::accept && !rule.monitored && !program.all_monitored &&
             names_frozen(program, rule, check, index);
    });
  }
  return false;
}

class Desk {
 public:
  Desk(const Json& request, const Policy& policy, const Clock& clock, Log& log)
      : request_(request),
        policy_(policy),
        backends_(*policy.backends),
        log_(log),
        now_(unix_seconds(clock.wall())),
        deadline_(clock.now() + kPatience) {}

  Json answer(const std::string& command) {
    const std::string key = text_at(request_, "key");
    if (command.starts_with("limits ") && backends_.ledger == nullptr) return failure("nothing is counted here");
    if (command == "limits show") return list(accounts_of(key));
    if (command == "limits top") return top(text_at(request_, "limit"));
    if (command == "limits predict")
      return predict(policy_, accounts_of(key), number_at(request_, "amount", 1, 0, limits::kMostAllowed), now_,
                     deadline_);
    if (command == "limits reset") return reset(text_at(request_, "limit"), key);
    if (command.starts_with("account ") && backends_.freezer == nullptr) return failure("nobody can be frozen here");
    const std::string login = text_at(request_, "login");
    if (command == "account freeze") return freeze(login);
    if (command == "account release") return release(login);
    if (command == "account show") return show(login);
    return {};
  }

 private:
  /// What is counted for a key, also as the first part of one; as people write it, with blanks between its parts.
  std::vector<Ledger::Account> accounts_of(const std::string& written) {
    std::string key = fold(written);
    std::vector<Ledger::Account> accounts = backends_.ledger->show(key, deadline_);
    std::replace(key.begin(), key.end(), ' ', '\t');
    if (key.find('\t') == std::string::npos) return accounts;
    std::vector<Ledger::Account> of_parts = backends_.ledger->show(key, deadline_);
    std::move(of_parts.begin(), of_parts.end(), std::back_inserter(accounts));
    return accounts;
  }

  /// Nothing, or that there is no such limit: a name that is misspelt must not look like "nobody has used anything".
  std::optional<Json> unknown(const std::string& limit) const {
    std::vector<std::string> names;
    for (const limits::Limit& one : policy_.limits) names.push_back(one.name);
    if (limit.empty() || std::find(names.begin(), names.end(), limit) != names.end()) return std::nullopt;
    const std::string meant = did_you_mean(limit, names);
    return failure(fmt::format("there is no limit \"{}\"{}{}", printable(limit, 60), meant.empty() ? "" : "; ", meant));
  }

  Json top(const std::string& limit) {
    const auto most = static_cast<std::size_t>(number_at(request_, "most", 20, 1, kMostListed));
    std::vector<Ledger::Account> fullest = backends_.ledger->top(limit, most, deadline_);
    if (fullest.empty()) {
      if (const auto problem = unknown(limit)) return *problem;
    }
    return list(std::move(fullest));
  }

  Json reset(const std::string& limit, const std::string& key) {
    if (key.empty()) return failure("no key was given");
    std::size_t forgotten = 0;
    for (const Ledger::Account& account : accounts_of(key)) {
      if (limit.empty() || account.limit == limit)
        forgotten += backends_.ledger->reset(account.limit, account.key, deadline_);
    }
    if (forgotten == 0) {
      if (const auto problem = unknown(limit)) return *problem;
    }
    log_.write(Event{"limits", LogLevel::info, {}}
                   .add("action", std::string("reset"))
                   .add("limit", limit)
                   .add("key", shown(key))
                   .add("accounts", static_cast<std::int64_t>(forgotten)));
    return {{"ok", true}, {"forgotten", forgotten}};
  }

  Json freeze(const std::string& login) {
    if (login.empty()) return failure("no login was given");
    const std::int64_t seconds = number_at(request_, "seconds", 12 * 3600, 1, kLongestFreeze);
    std::string why = text_at(request_, "why");
    if (why.empty()) why = "by hand";
    backends_.freezer->freeze(login, std::chrono::seconds(seconds), why);
    log_.write(Event{"freeze", LogLevel::warning, {}}.add("login", login).add("seconds", seconds).add("why", why));
    const auto frozen = backends_.freezer->find(login);  // one that ends later stays
    Json answer{{"ok", true}, {"login", login}, {"until", frozen ? unix_seconds(frozen->until) : now_ + seconds}};
    if (!stops_frozen(policy_)) answer["stopped"] = false;
    return answer;
  }

  Json release(const std::string& login) {
    if (login.empty()) return failure("no login was given");
    const bool was_frozen = backends_.freezer->release(login);
    if (backends_.behaviour) backends_.behaviour->begin_anew({.name = login}, nullptr, deadline_);
    log_.write(Event{"release", LogLevel::warning, {}}.add("login", login).add("was_frozen", was_frozen));
    return {{"ok", true}, {"login", login}, {"was_frozen", was_frozen}};
  }

  Json show(const std::string& login) {
    Json frozen = Json::array();
    const auto add = [&](const limits::Freezer::Frozen& f) {
      frozen.push_back(
          {{"login", f.login}, {"since", unix_seconds(f.since)}, {"until", unix_seconds(f.until)}, {"why", f.why}});
    };
    if (login.empty()) {
      for (const limits::Freezer::Frozen& f : backends_.freezer->list(kMostListed)) add(f);
    } else if (const auto found = backends_.freezer->find(login)) {
      add(*found);
    }
    return {{"ok", true}, {"frozen", std::move(frozen)}};
  }

  const Json& request_;
  const Policy& policy_;
  const Backends& backends_;
  Log& log_;
  const std::int64_t now_;
  const Deadline deadline_;
};

}  // namespace

std::string answer_request(std::string_view text, const Policy& policy, const Clock& clock, Log& log) {
  const Json request = Json::parse(text, nullptr, false);
  if (!request.is_object()) return {};
  const Json answer = Desk(request, policy, clock, log).answer(text_at(request, "command"));
  return answer.is_null() ? std::string() : json_line(answer);
}

}  // namespace postern
