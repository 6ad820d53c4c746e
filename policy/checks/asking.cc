#include "policy/checks/asking.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/base/text.h"

namespace postern {

namespace {

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

}  // namespace postern
