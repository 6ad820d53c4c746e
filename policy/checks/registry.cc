#include "policy/checks/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "policy/base/text.h"
#include "policy/checks/arc.h"
#include "policy/checks/author.h"
#include "policy/checks/behaviour.h"
#include "policy/checks/dkim.h"
#include "policy/checks/dmarc.h"
#include "policy/checks/from_domain.h"
#include "policy/checks/helo_name.h"
#include "policy/checks/identity.h"
#include "policy/checks/iprev.h"
#include "policy/checks/preflight.h"
#include "policy/checks/recipient_account.h"
#include "policy/checks/sender_account.h"
#include "policy/checks/sender_domain.h"
#include "policy/checks/spf.h"

namespace postern {

namespace {

using namespace std::chrono_literals;

constexpr std::array<const CheckType*, 16> kTypes{
    &kArc,        &kAuthor,    &kBehaviour,        &kDkim,           &kDmarc,
    &kFromDomain, &kHeloName,  &kIdentity,         &kIdentityAuthor, &kIdentitySender,
    &kIprev,      &kPreflight, &kRecipientAccount, &kSenderAccount,  &kSenderDomain,
    &kSpf};

// clang-format off
constexpr std::array<std::string_view, 6> kLater{
    "antivirus", "bounce", "dnsbl", "greylist", "message-format", "patterns"};
// clang-format on

constexpr std::array<std::string_view, 2> kUnavailableWords{"skip", "defer"};
constexpr int kMostQuestions = 60;  // FAULTS T44: of a whole message

ConfiguredCheck configure(const CheckType& type, Settings& s) {
  ConfiguredCheck check;
  check.type = &type;
  check.timeout =
      s.duration("timeout", type.timeout, 100ms, 60s, "longest time for an answer; afterwards the check has failed");
  const std::string_view fallback = type.unavailable == Unavailable::defer ? "defer" : "skip";
  const std::string word = s.word("unavailable", fallback, kUnavailableWords,
                                  "while it has failed: decide without it, or put off what it could have changed");
  check.unavailable = word == "defer" ? Unavailable::defer : Unavailable::skip;
  if (type.questions > 0)
    check.questions =
        static_cast<std::size_t>(s.number("questions", type.questions, 1, kMostQuestions,
                                          "DNS questions for one message; with more needed the check has failed"));
  check.check = type.build(s);
  s.finish();
  return check;
}

std::string_view settings_name(const CheckType& type) { return type.settings.empty() ? type.name : type.settings; }

// "dnsbl" of "dnsbl.white".
bool comes_later(std::string_view key) {
  return std::find(kLater.begin(), kLater.end(), key.substr(0, key.find('.'))) != kLater.end();
}

void tell_unknown(const Node& section, Problems& problems) {
  std::vector<std::string> names(kLater.begin(), kLater.end());
  for (const CheckType* type : kTypes) names.emplace_back(type->name);
  for (const auto& entry : section.entries) {
    const Node& key = entry.first;
    const auto found =
        std::find_if(kTypes.begin(), kTypes.end(), [&key](const CheckType* type) { return type->name == key.text; });
    if (found != kTypes.end() && !(*found)->settings.empty())
      problems.error(key.where, fmt::format("{} has no settings of its own", key.text),
                     fmt::format("it takes those of {}", (*found)->settings));
    if (found != kTypes.end()) continue;
    if (comes_later(key.text))
      problems.later(key.where, fmt::format("check {}", key.text));
    else
      problems.error(key.where, fmt::format("there is no check \"{}\"", printable(key.text)),
                     did_you_mean(key.text, names));
  }
}

}  // namespace

std::span<const CheckType* const> check_types() { return kTypes; }

std::span<const std::string_view> later_checks() { return kLater; }

CheckDecl ConfiguredCheck::declaration() const {
  return {std::string(type->name), type->stage, type->scope, type->outcomes, unavailable, type->of_message};
}

std::vector<ConfiguredCheck> configure_checks(const Node* section, Problems& problems) {
  if (section != nullptr && !section->is_map()) {
    if (!section->is_null())
      problems.error(section->where, fmt::format("checks wants checks by name (a map), not {}", section->describe()));
    section = nullptr;
  }
  if (section != nullptr) tell_unknown(*section, problems);
  std::vector<ConfiguredCheck> checks;
  for (const CheckType* type : kTypes) {
    const std::string_view name = settings_name(*type);
    Settings settings(fmt::format("checks.{}", name), section == nullptr ? nullptr : section->find(name), problems);
    checks.push_back(configure(*type, settings));
  }
  return checks;
}

std::vector<Settings::Asked> settings_of(const CheckType& type) {
  Problems none;
  Settings settings(fmt::format("checks.{}", settings_name(type)), nullptr, none);
  configure(type, settings);
  return settings.asked();
}

}  // namespace postern
