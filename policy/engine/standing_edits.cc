#include "policy/engine/standing_edits.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "policy/base/text.h"
#include "policy/engine/configured_check.h"
#include "policy/mail/authentication_results.h"
#include "policy/mail/edits.h"

namespace postern {

namespace {

constexpr std::string_view kField = "Authentication-Results";
constexpr std::string_view kIdentity = "identity";  // what signing rests on

// The index into the rule set's checks of each check for which `wanted` holds.
template <class Wanted>
std::vector<std::size_t> checks_of(const Policy& policy, Wanted wanted) {
  std::vector<std::size_t> indexes;
  for (std::size_t i = 0; i < policy.rules->checks().size(); ++i) {
    const ConfiguredCheck* const check = configured_check(policy, i);
    if (check != nullptr && wanted(*check->type)) indexes.push_back(i);
  }
  return indexes;
}

std::vector<std::size_t> methods(const Policy& policy) {
  return checks_of(policy, [](const CheckType& type) { return type.method; });
}

bool seals(const Policy& policy) { return policy.signing && policy.signing->seal; }
bool signs(const Policy& policy) { return policy.signing && !policy.signing->keys.empty(); }

const Finding* found(const Transaction& t, std::string_view check) {
  for (const std::size_t index : checks_of(*t.policy, [&](const CheckType& type) { return type.name == check; })) {
    const rules::CheckState state = t.findings->state(index, Stage::end);
    if (state.finding != nullptr) return state.finding;
  }
  return nullptr;
}

// FIELD 1.3: signed is only what the account may say.
bool speaks_for_itself(const Transaction& t) {
  const Finding* const identity = found(t, kIdentity);
  return identity != nullptr && identity->vouched;
}

std::vector<Edit> inserted(const Transaction& t, Result<std::vector<HeaderField>> fields, std::string_view counter,
                           const Services& services) {
  std::vector<Edit> edits;
  if (!fields) {
    services.counters.get("sign.failed").add();
    services.log.write(Event{"fault", LogLevel::error, {}}
                           .add("part", std::string("sign"))
                           .add("id", t.id)
                           .add("reason", fields.error().message));
    return edits;
  }
  services.counters.get(counter).add();
  // Each goes to the top: the first field of the list is to be the first of the message.
  for (auto field = fields->rbegin(); field != fields->rend(); ++field)
    edits.push_back({Edit::Kind::insert_header, field->name, field->value, 0});
  return edits;
}

arc::Status chain_of(const Transaction& t) {
  const auto chain = t.evidence->told().arc;
  return chain ? chain->value.status : arc::Status::temperror;
}

}  // namespace

bool has_standing_edits(const Policy& policy) {
  return policy.mode == Mode::enforce && (!methods(policy).empty() || signs(policy));
}

void ask_for_standing_edits(Transaction& t, const Deadline& deadline) {
  if (!has_standing_edits(*t.policy)) return;
  std::vector<std::size_t> wanted;
  if (t.direction == Direction::inbound)
    wanted = methods(*t.policy);
  else if (t.direction != Direction::relay && signs(*t.policy))
    wanted = checks_of(*t.policy, [](const CheckType& type) { return type.name == kIdentity; });
  for (const std::size_t check : wanted) {
    if (t.findings->state(check, Stage::end).kind == rules::CheckState::Kind::askable)
      t.findings->ask(check, Stage::end, deadline);
  }
}

StandingEdits standing_edits(const Transaction& t) {
  StandingEdits standing;
  if (!has_standing_edits(*t.policy) || t.direction == Direction::local || t.direction == Direction::relay)
    return standing;
  const std::string ours = ascii_lower(t.policy->site.authserv_id);
  int index = 0;
  for (const HeaderField& field : *t.headers) {
    if (!field.is(kField)) continue;
    ++index;  // as the MTA counts: fields of this name alone, from 1
    if (claimed_authserv_id(field.value) == ours)
      standing.edits.push_back({Edit::Kind::delete_header, std::string(kField), {}, index});  // RFC 8601 5
  }
  if (t.direction != Direction::inbound) return standing;
  std::vector<AuthenticationResult> results;
  for (const Findings::Told& told : t.findings->told())
    results.insert(results.end(), told.finding.results.begin(), told.finding.results.end());
  if (results.empty()) return standing;
  standing.authentication_results = authentication_results(t.policy->site.authserv_id, results);
  standing.edits.push_back({Edit::Kind::insert_header, std::string(kField), standing.authentication_results, 0});
  return standing;
}

std::vector<Edit> signatures(const Transaction& t, const std::vector<Edit>& edits,
                             const std::string& authentication_results, const Services& services) {
  if (t.policy->mode != Mode::enforce || !t.evidence || !t.policy->signing) return {};
  const std::int64_t now = t.unix_time;
  if (t.direction == Direction::inbound) {
    const arc::Status chain = seals(*t.policy) ? chain_of(t) : arc::Status::temperror;
    if (chain == arc::Status::temperror) return {};  // what is not known can not be vouched for
    const arc::Result& before = t.evidence->told().arc->value;
    if (before.dead || before.instance >= 50) return {};  // RFC 8617 5.1.2, 4.2.1
    if (authentication_results.empty()) return {};
    const std::size_t id_ends = authentication_results.find(';');
    const arc::Sealing sealing{.key = *t.policy->signing->seal,
                               .authserv_id = t.policy->site.authserv_id,
                               .authentication_results = std::string(trim(authentication_results.substr(id_ends + 1))),
                               .chain = chain,
                               .instance = before.instance + 1,
                               .unix_time = now};
    return inserted(t, arc::seal(sealing, with_edits(*t.headers, edits), t.evidence->signed_body()), "sign.sealed",
                    services);
  }
  if (t.direction == Direction::relay || !signs(*t.policy)) return {};
  const auto& author = t.evidence->author().domain;
  if (!author) return {};
  const auto keys = keys_for(*t.policy->signing, *author);
  if (keys.empty()) return {};
  if (!speaks_for_itself(t)) return services.counters.get("sign.withheld").add(), std::vector<Edit>();
  return inserted(t, dkim_signatures(keys, with_edits(*t.headers, edits), t.evidence->signed_body(), now),
                  "sign.signed", services);
}

}  // namespace postern
