#include "policy/engine/standing_edits.h"

#include <string_view>

#include "policy/base/text.h"
#include "policy/mail/authentication_results.h"

namespace postern {

namespace {

constexpr std::string_view kField = "Authentication-Results";

// Methods of RFC 8601 2.7 among the checks; the outcomes of such a check are the results of its section.
bool is_authentication_method(std::string_view check) { return check == "iprev"; }

AuthenticationResult result_of(const Transaction& t, std::string_view check, const Finding& finding) {
  // RFC 8601 2.7.3: the address whose name was looked up.
  return {std::string(check), std::string(finding.outcome->name), "policy.iprev",
          t.client->ip ? t.client->ip->text() : std::string()};
}

}  // namespace

std::vector<std::size_t> authentication_checks(const Policy& policy) {
  std::vector<std::size_t> indexes;
  const auto checks = policy.rules->checks();
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (is_authentication_method(checks[i].name)) indexes.push_back(i);
  }
  return indexes;
}

bool has_standing_edits(const Policy& policy) {
  return policy.mode == Mode::enforce && !authentication_checks(policy).empty();
}

StandingEdits standing_edits(const Transaction& t) {
  StandingEdits standing;
  if (!has_standing_edits(*t.policy) || t.direction == Direction::local || t.direction == Direction::relay)
    return standing;
  const std::string ours = ascii_lower(t.policy->site.authserv_id);
  int index = 0;
  for (const HeaderField& field : t.headers) {
    if (!ascii_iequals(field.name, kField)) continue;
    ++index;  // as the MTA counts: fields of this name alone, from 1
    if (claimed_authserv_id(field.value) == ours)
      standing.edits.push_back({Edit::Kind::delete_header, std::string(kField), {}, index});  // RFC 8601 5
  }
  if (t.direction != Direction::inbound) return standing;
  std::vector<AuthenticationResult> results;
  for (const Findings::Told& told : t.findings->told()) {
    const std::string& check = t.policy->rules->checks()[told.index].name;
    if (is_authentication_method(check)) results.push_back(result_of(t, check, told.finding));
  }
  if (results.empty()) return standing;
  standing.authentication_results = authentication_results(t.policy->site.authserv_id, results);
  standing.edits.push_back({Edit::Kind::insert_header, std::string(kField), standing.authentication_results, 0});
  return standing;
}

}  // namespace postern
