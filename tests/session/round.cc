#include "tests/session/round.h"

#include <algorithm>

namespace postern::session {

namespace {

using Kind = Event::Kind;

constexpr std::size_t kMostFailures = 3;  // told of one round

Weather some_weather(Dice& dice) {
  constexpr std::string_view kSteps[] = {"negotiate", "connect", "helo",           "mail", "rcpt",
                                         "data",      "header",  "end-of-headers", "body", "end-of-message"};
  Weather weather;
  switch (dice.roll(12)) {
    case 0: weather.no_sessions = true; break;
    case 1: weather.no_callbacks = true; break;
    case 2: weather.draining = true; break;
    case 3:
    case 4: weather.failing_step = kSteps[dice.roll(10)]; break;
    case 5: weather.edits_until_failure = static_cast<int>(dice.roll(3)); break;
    default: break;
  }
  return weather;
}

std::string first_failure(Stage& stage, const Setting& setting, Script script) {
  foretell(script, setting);
  stage.set(setting.weather);
  const std::vector<std::string> failures = stage.hold({std::move(script)}, 1);
  return failures.empty() ? std::string() : failures.front();
}

// Without the lines that it fails without.
std::string cut_down(Stage& stage, const Setting& setting, Script script) {
  std::string failure = first_failure(stage, setting, script);
  if (failure.empty()) return "  (alone, and on one thread, it goes well)\n";
  for (std::size_t i = script.lines.size(); i-- > 0;) {
    Script shorter = script;
    shorter.lines.erase(shorter.lines.begin() + static_cast<std::ptrdiff_t>(i));
    if (shorter.lines.empty()) continue;
    std::string still = first_failure(stage, setting, shorter);
    if (still.empty()) continue;
    script = std::move(shorter);
    failure = std::move(still);
  }
  return failure;
}

std::string counts_text(const std::map<std::string, std::int64_t>& counts) {
  std::string out;
  for (const auto& [name, count] : counts) out += " " + name + "=" + std::to_string(count);
  return out;
}

std::map<std::string, std::int64_t> counted(const std::map<std::string, std::int64_t>& counters) {
  constexpr std::string_view kActions[] = {"accept", "quarantine", "discard", "defer", "reject", "aborted"};
  std::map<std::string, std::int64_t> out;
  for (const std::string_view action : kActions) {
    const auto found = counters.find("decisions." + std::string(action));
    if (found != counters.end() && found->second != 0) out.emplace(action, found->second);
  }
  return out;
}

}  // namespace

std::map<std::string, std::int64_t> Round::decisions() const {
  std::map<std::string, std::int64_t> counts;
  for (const Script& script : scripts) {
    for (const Script::Line& line : script.lines) {
      for (const std::string& decision : line.expected.decisions) ++counts[decision.substr(0, decision.find(' '))];
    }
  }
  return counts;
}

std::string Round::text() const {
  return setting.policies[setting.first].name + (setting.swaps ? ", swapped" : "") + ", " + setting.weather.text() +
         ", " + std::to_string(scripts.size()) + " sessions on " + std::to_string(threads) + " threads";
}

Round make_round(Dice& dice, const std::vector<TestPolicy>& policies, std::size_t sessions, unsigned threads) {
  Setting setting{.policies = policies,
                  .first = dice.roll(static_cast<unsigned>(policies.size())),
                  .swaps = dice.one_in(4),
                  .weather = some_weather(dice)};
  Round round{.setting = setting, .threads = setting.swaps ? 1U : threads, .scripts = {}};
  for (std::size_t i = 0; i < sessions; ++i) round.scripts.push_back(write_script(dice, round.setting));
  return round;
}

std::vector<std::string> hold(Stage& stage, const Round& round) {
  stage.set(round.setting.weather);
  std::vector<std::string> wrong;
  const std::vector<std::string> failures = stage.hold(round.scripts, round.threads);
  const auto counters = stage.counters();
  for (const char* const gauge : {"milter.sessions", "milter.callbacks"}) {
    const auto found = counters.find(gauge);
    if (found == counters.end() || found->second != 0) wrong.push_back(std::string(gauge) + " is not back at 0");
  }
  const auto expected = round.decisions();
  for (const auto& [what, seen] : {std::pair{"counted", counted(counters)}, std::pair{"logged", stage.logged()}}) {
    if (seen != expected)
      wrong.push_back(std::string("decisions ") + what + ":" + counts_text(seen) +
                      "; expected:" + counts_text(expected));
  }
  if (failures.empty()) return wrong;
  for (const Script& script : round.scripts) {
    if (wrong.size() >= kMostFailures) break;
    stage.set(round.setting.weather);
    if (!stage.hold({script}, 1).empty()) wrong.push_back(cut_down(stage, round.setting, script));
  }
  if (wrong.empty()) wrong = failures;  // only among others
  return wrong;
}

// Words: client 0 is a stranger, 2 the bad one, 5 our own user's; sender 4 does not exist, 6 cannot be looked up.
const std::vector<NormalSession> kNormalSessions = {
    {"inbound", 0, 0, 0, 0, 0, 0, "accept"},
    {"inbound", 0, 0, 4, 0, 0, 0, "reject 550 5.1.8 by inbound/no-such-domain"},
    {"inbound", 0, 0, 5, 0, 0, 0, "reject 550 5.7.27 by inbound/no-mail-wanted"},
    {"inbound", 0, 0, 6, 0, 0, 0, "defer 451 4.4.3 by inbound/not-verified"},
    {"inbound", 0, 0, 4, 5, 0, 0, "accept"},
    {"inbound", 5, 0, 4, 0, 0, 0, "accept"},
    {"open", 2, 1, 1, 2, 2, 3, "accept"},
    {"each-stage", 0, 0, 0, 0, 0, 0, "accept"},
    {"each-stage", 2, 0, 0, 0, 0, 0, "reject 550 5.7.11 by client"},
    {"each-stage", 0, 1, 0, 0, 0, 0, "reject 550 5.7.12 by helo"},
    {"each-stage", 0, 0, 1, 0, 0, 0, "reject 550 5.7.13 by sender"},
    {"each-stage", 0, 0, 2, 0, 0, 0, "defer 450 4.7.14 by soft"},
    {"each-stage", 0, 0, 0, 2, 0, 0, "reject 550 5.1.1 by user"},
    {"each-stage", 0, 0, 0, 0, 2, 0, "reject 554 5.7.15 by spam"},
    {"each-stage", 0, 0, 0, 0, 0, 3, "reject 552 5.3.4 by large"},
    {"at-sender", 0, 0, 1, 0, 0, 0, "reject 550 5.7.13 by sender"},
    {"looking", 2, 1, 1, 2, 2, 3, "accept"},
    {"envelope", 0, 0, 0, 2, 0, 0, "reject 550 5.1.1 by user"},
    {"envelope", 0, 0, 0, 0, 0, 0, "accept"},
    {"held-back", 0, 0, 1, 0, 0, 0, "reject 550 5.7.13 by sender"},
    {"held-back", 0, 0, 1, 0, 2, 0, "discard by drop"},
    {"kept", 0, 0, 0, 0, 2, 0, "quarantine by hold"},
    {"kept", 0, 0, 0, 0, 0, 3, "discard by drop"},
    {"apart", 0, 0, 0, 4, 0, 0, "quarantine by hold"},
    {"apart", 0, 0, 9, 0, 2, 0, "accept by friend"},
    {"whole", 0, 0, 0, 4, 0, 0, "discard by other"},
    {"whole", 0, 0, 0, 2, 0, 0, "reject 550 5.1.1 by user"},
    {"lookups", 0, 0, 6, 0, 0, 0, "defer 451 4.4.3"},
    {"lookups", 0, 0, 5, 0, 0, 0, "quarantine by hold"},
    {"nobody", 0, 0, 0, 0, 0, 0, "reject 550 5.7.1 by closed"},
};

std::vector<std::string> hold_normal_sessions(Stage& stage, const TestPolicy& policy) {
  std::vector<std::string> wrong;
  const auto index = static_cast<std::size_t>(&policy - stage.policies().data());
  for (const NormalSession& session : kNormalSessions) {
    if (session.policy != policy.name) continue;
    const Event events[] = {{Kind::negotiate, 0},
                            {Kind::connect, session.client},
                            {Kind::helo, session.helo},
                            {Kind::mail, session.sender},
                            {Kind::rcpt, session.recipient},
                            {Kind::data, 0},
                            {Kind::header, session.header},
                            {Kind::end_of_headers, 0},
                            {Kind::body, session.body},
                            {Kind::end_of_message, 0},
                            {Kind::close, 0}};
    const std::vector<std::string> decisions = stage.hold_alone(events, index);
    if (decisions != std::vector<std::string>{session.decision})
      wrong.push_back("a normal session of " + policy.name + " came to " +
                      (decisions.empty() ? "nothing" : decisions.front()) + ", not to " + session.decision);
  }
  return wrong;
}

}  // namespace postern::session
