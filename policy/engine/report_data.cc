#include "policy/engine/report_data.h"

#include <string>

#include "policy/evidence/dmarc_rows.h"

namespace postern {

namespace {

using rules::FinalAction;

// RFC 9990 3.1.1.6: what became of the message, in DMARC's words.
std::string disposition_of(const dmarc::Result& result, FinalAction action) {
  switch (action) {
    case FinalAction::reject:
    case FinalAction::bounce:
    case FinalAction::discard: return "reject";
    case FinalAction::quarantine: return "quarantine";
    case FinalAction::accept:
    case FinalAction::defer: break;
  }
  return result.status == dmarc::Status::pass ? "pass" : "none";
}

std::string reason_of(const dmarc::Result& result, const std::string& disposition) {
  if (result.status == dmarc::Status::pass) return disposition == "pass" ? "" : "local_policy";
  if (disposition == name(result.policy)) return {};
  return disposition == name(result.disposition) ? "policy_test_mode" : "local_policy";
}

}  // namespace

void record_for_reports(const Transaction& t, const rules::Decision& decision, WallTime now) {
  const Backends& backends = *t.policy->backends;
  if (!t.evidence || !backends.store || !backends.authentication.report_data) return;
  if (decision.action == FinalAction::defer || t.direction != Direction::inbound || !t.client->ip) return;
  const Evidence::Told told = t.evidence->told();
  if (!told.dmarc || !told.dmarc->value) return;
  const dmarc::Result& result = *told.dmarc->value;
  const bool judged = result.status == dmarc::Status::pass || result.status == dmarc::Status::fail;
  if (!judged || !result.record || result.record->rua.empty()) return;
  const std::string disposition = disposition_of(result, decision.action);
  const auto& mailbox = t.sender->path.mailbox;
  DmarcRow row{.day = utc_day(t.unix_time),
               .source = *t.client->ip,
               .envelope_from = mailbox && mailbox->domain ? mailbox->domain->text() : std::string(),
               .disposition = disposition,
               .override_reason = reason_of(result, disposition),
               .result = result,
               .model = backends.authentication.model,
               .spf = {},
               .dkim = {}};
  if (told.spf) row.spf = told.spf->value;
  if (told.dkim) row.dkim = told.dkim->value;
  count(row, *backends.store, now);
}

}  // namespace postern
