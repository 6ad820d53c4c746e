#include "policy/checks/asking.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/base/text.h"

namespace postern {

namespace {

std::string_view word(accounts::MailboxFinding::Kind kind) {
  using Kind = accounts::MailboxFinding::Kind;
  switch (kind) {
    case Kind::accepted: return "accepted";
    case Kind::unknown: return "unknown";
    case Kind::suspended: return "suspended";
    case Kind::expired: return "expired";
    case Kind::over_aliased: return "over-aliased";
    case Kind::silent: return "none";
    case Kind::unsure: break;
  }
  return "unavailable";
}

void take(Asking& asking, const Node& what, bool takes_callout, Problems& problems) {
  if (!what.is_scalar() || what.text.empty())
    return problems.error(what.where, fmt::format("ask wants names, this is {}", what.describe()));
  const bool is_server = what.text.find("://") != std::string::npos;
  if (what.text == "directories")
    asking.all_directories = true;
  else if (takes_callout && what.text == "callout")
    asking.callout = true;
  else if (!takes_callout && is_server) {
    if (const auto server = callout::AheadServer::parse(what.text))
      asking.call_ahead.push_back(*server);
    else
      problems.error(what.where, fmt::format("\"{}\" is no server", printable(what.text, 60)),
                     "write smtp://mail.example.net or smtp://[192.0.2.1]:25");
  } else if (is_server || what.text == "callout") {
    problems.error(what.where, fmt::format("{} can not be asked here", printable(what.text, 60)),
                   takes_callout ? "smtp://HOST is for recipient-account" : "callout is for sender-account");
  } else {
    asking.directories.push_back({what.text, what.where});
  }
}

}  // namespace

Asking Asking::read(Settings& s, bool takes_callout, std::string_view doc) {
  Asking asking;
  const Node* value = s.node(
      "ask", takes_callout ? "directories | NAME | callout, or a list" : "directories | NAME | smtp://HOST, or a list",
      "directories", doc);
  if (value == nullptr || value->is_null()) {
    asking.all_directories = true;
  } else if (value->is_list()) {
    for (const Node& item : value->items) take(asking, item, takes_callout, s.problems());
  } else {
    take(asking, *value, takes_callout, s.problems());
  }
  return asking;
}

accounts::Directories Asking::chosen(const accounts::Directories& all) const {
  if (all_directories) return all;
  accounts::Directories some;
  for (const auto& directory : all) {
    const auto named = [&](const Check::Named& n) { return n.name == directory->name(); };
    if (std::any_of(directories.begin(), directories.end(), named)) some.push_back(directory);
  }
  return some;
}

Finding finding_of(accounts::MailboxFinding found, std::span<const Outcome> outcomes, const Context& context) {
  if (found.late) context.must_wait();
  const auto outcome =
      std::find_if(outcomes.begin(), outcomes.end(), [&](const Outcome& o) { return o.name == word(found.kind); });
  return {&*outcome, std::move(found.reason), {found.facts.begin(), found.facts.end()}};
}

}  // namespace postern
