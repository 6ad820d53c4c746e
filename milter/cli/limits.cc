#include "milter/cli/limits.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>

#include "milter/cli/ask_daemon.h"
#include "milter/json.h"
#include "policy/base/settings.h"

namespace postern::cli {

namespace {

constexpr std::chrono::days kLongestFreeze{366};  // local

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

std::int64_t number_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string time_of(std::int64_t unix_time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(unix_time)));
}

void print_accounts(const Json& accounts) {
  if (accounts.empty()) std::printf("nothing is counted there\n");
  for (const Json& account : accounts) {
    std::printf("%s: %s, %s\n", text_of(account, "limit").c_str(), text_of(account, "key").c_str(),
                text_of(account, "count").c_str());
    for (const Json& window : account.value("windows", Json::array()))
      std::printf("  %8lld of %-16s %lld left\n", static_cast<long long>(number_of(window, "used")),
                  text_of(window, "allow").c_str(), static_cast<long long>(number_of(window, "remaining")));
    if (const auto reserved = number_of(account, "reserved"); reserved > 0)
      std::printf("  %8lld of them of messages under way\n", static_cast<long long>(reserved));
    if (const auto refused = number_of(account, "refused"); refused > 0)
      std::printf("  %8lld tries refused\n", static_cast<long long>(refused));
  }
}

void print_predictions(const Json& predictions) {
  if (predictions.empty()) std::printf("nothing is counted there yet\n");
  for (const Json& p : predictions)
    std::printf("%s: %lld more would be %s (%lld of %s used), next %s\n", text_of(p, "limit").c_str(),
                static_cast<long long>(number_of(p, "amount")), text_of(p, "outcome").c_str(),
                static_cast<long long>(number_of(p, "used")), text_of(p, "allow").c_str(), text_of(p, "next").c_str());
}

void print_frozen(const Json& frozen, const std::string& login) {
  if (frozen.empty()) std::printf(login.empty() ? "nobody is frozen\n" : "not frozen\n");
  for (const Json& f : frozen)
    std::printf("%s: frozen since %s, until %s: %s\n", text_of(f, "login").c_str(),
                time_of(number_of(f, "since")).c_str(), time_of(number_of(f, "until")).c_str(),
                text_of(f, "why").c_str());
}

void print(const Json& answer, const LimitsOptions& options) {
  if (const auto accounts = answer.find("accounts"); accounts != answer.end()) {
    print_accounts(*accounts);
  } else if (const auto predictions = answer.find("predictions"); predictions != answer.end()) {
    print_predictions(*predictions);
  } else if (const auto frozen = answer.find("frozen"); frozen != answer.end()) {
    print_frozen(*frozen, options.login);
  } else if (answer.contains("forgotten")) {
    std::printf("%lld counts are forgotten\n", static_cast<long long>(number_of(answer, "forgotten")));
  } else if (answer.contains("until")) {
    std::printf("%s may not send until %s\n", text_of(answer, "login").c_str(),
                time_of(number_of(answer, "until")).c_str());
    if (!answer.value("stopped", true))
      std::fprintf(
          stderr,
          "postern: no rule in force asks whether an account is frozen, so it stops nobody: include "
          "presets/submission.yaml, or write a rule with `when: behaviour is frozen`; under `mode: monitor` no "
          "rule is in force\n");
  } else {
    std::printf("%s %s\n", text_of(answer, "login").c_str(),
                answer.value("was_frozen", false) ? "may send again" : "was not frozen");
  }
}

}  // namespace

int ask_limits(const LimitsOptions& options) {
  Json request{{"command", options.command}};
  if (!options.key.empty()) request["key"] = options.key;
  if (!options.limit.empty()) request["limit"] = options.limit;
  if (!options.login.empty()) request["login"] = options.login;
  if (!options.why.empty()) request["why"] = options.why;
  if (options.command == "limits top") request["most"] = options.most;
  if (options.command == "limits predict") request["amount"] = options.amount;
  if (options.command == "account freeze") {
    std::chrono::milliseconds length{};
    if (!parse_duration(options.length, length) || length < std::chrono::seconds(1)) {
      std::fprintf(stderr, "postern: \"%s\" is no length of time; write 12h or 7d\n", options.length.c_str());
      return kUnusable;
    }
    if (length > kLongestFreeze) {
      std::fprintf(stderr, "postern: an account is frozen for at most 366d\n");
      return kUnusable;
    }
    request["seconds"] = std::chrono::duration_cast<std::chrono::seconds>(length).count();
  }
  const std::optional<std::string> line = ask_daemon_of(options.control, json_line(request));
  if (!line) return kFailed;
  const Json answer = Json::parse(*line, nullptr, false);
  const bool ok = answer.is_object() && answer.value("ok", false);
  if (options.control.json)
    std::printf("%s\n", line->c_str());
  else if (ok)
    print(answer, options);
  if (!ok) std::fprintf(stderr, "postern: %s\n", answer.is_object() ? text_of(answer, "error").c_str() : line->c_str());
  return ok ? kOk : kFailed;
}

}  // namespace postern::cli
