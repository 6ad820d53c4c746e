#include "milter/negotiate.h"

#include <libmilter/mfapi.h>

namespace postern {

namespace {

// The no-reply flag of each step; connect to body, end-of-message always has a reply.
unsigned long no_reply_flag(Step step) {
  switch (step) {
    case Step::connect: return SMFIP_NR_CONN;
    case Step::helo: return SMFIP_NR_HELO;
    case Step::mail: return SMFIP_NR_MAIL;
    case Step::rcpt: return SMFIP_NR_RCPT;
    case Step::data: return SMFIP_NR_DATA;
    case Step::header: return SMFIP_NR_HDR;
    case Step::end_of_headers: return SMFIP_NR_EOH;
    case Step::body: return SMFIP_NR_BODY;
    case Step::end_of_message: return 0;
  }
  return 0;
}

// Steps that are sent in vain.
unsigned long unwanted(const Needs& needs) {
  unsigned long flags = SMFIP_NOUNKNOWN;
  if (!needs.reply_data) flags |= SMFIP_NODATA;
  if (!needs.headers) flags |= SMFIP_NOHDRS;
  if (!needs.headers && !needs.reply_headers) flags |= SMFIP_NOEOH;
  if (!needs.body) flags |= SMFIP_NOBODY;
  return flags;
}

// Verdicts of connect and HELO are kept and spoken at MAIL or later (PLATFORM 3); a header is never answered by itself.
unsigned long unanswered(const Needs& needs) {
  unsigned long flags = SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_HDR;
  if (!needs.reply_mail) flags |= SMFIP_NR_MAIL;
  if (!needs.reply_rcpt) flags |= SMFIP_NR_RCPT;
  if (!needs.reply_data) flags |= SMFIP_NR_DATA;
  if (!needs.reply_headers) flags |= SMFIP_NR_EOH;
  if (!needs.reply_body)
    flags |= SMFIP_NR_BODY;  // else SMFIS_SKIP, which libmilter would turn into no reply (PLATFORM 2)
  return flags;
}

// smfi_setsymlist replaces a stage's list, once a session.
std::array<std::string, Terms::kStages> macro_lists(const Needs& needs) {
  std::array<std::string, Terms::kStages> lists;
  lists[SMFIM_CONNECT] = "{daemon_name} {daemon_port} {client_ptr}";
  lists[SMFIM_HELO] = "i";
  lists[SMFIM_ENVFROM] = "i";
  if (needs.auth_macros) lists[SMFIM_ENVFROM] += " {auth_authen} {auth_type}";
  if (needs.tls_macros) lists[SMFIM_ENVFROM] += " {tls_version} {cipher} {cert_subject}";
  lists[SMFIM_ENVRCPT] = "{rcpt_mailer}";
  lists[SMFIM_DATA] = "i";
  lists[SMFIM_EOH] = "i";
  lists[SMFIM_EOM] = "i";
  return lists;
}

struct WantedAction {
  bool wanted;
  unsigned long flag;
  bool indispensable;
  std::string_view name;
};

std::array<WantedAction, 3> wanted_actions(const Needs& needs) {
  return {{{needs.add_headers, SMFIF_ADDHDRS, false, "adding headers"},
           {needs.change_headers, SMFIF_CHGHDRS, true, "removing headers"},  // forged results would survive
           {needs.quarantine, SMFIF_QUARANTINE, true, "quarantine"}}};       // what is to be held would pass
}

}  // namespace

std::string_view name(Step step) {
  switch (step) {
    case Step::connect: return "connect";
    case Step::helo: return "helo";
    case Step::mail: return "mail";
    case Step::rcpt: return "rcpt";
    case Step::data: return "data";
    case Step::header: return "header";
    case Step::end_of_headers: return "end-of-headers";
    case Step::body: return "body";
    case Step::end_of_message: return "end-of-message";
  }
  return "";
}

bool Terms::replies(Step step) const { return (steps & no_reply_flag(step)) == 0; }

bool Terms::leading_space() const { return (steps & SMFIP_HDR_LEADSPC) != 0; }

bool Terms::may_skip_body() const { return (steps & SMFIP_SKIP) != 0 && replies(Step::body); }

Terms negotiate(const Needs& needs, const Offer& offer) {
  Terms terms;
  terms.tls_macros = needs.tls_macros;
  terms.auth_macros = needs.auth_macros;
  terms.steps = (unwanted(needs) | unanswered(needs) | SMFIP_HDR_LEADSPC) & offer.steps;
  if (needs.body && needs.reply_body) terms.steps |= SMFIP_SKIP & offer.steps;
  if ((offer.actions & SMFIF_SETSYMLIST) != 0) {
    terms.actions |= SMFIF_SETSYMLIST;
    terms.macros = macro_lists(needs);
    // Without {rcpt_mailer} for certain, a recipient that the MTA refused would look like an accepted one.
    terms.steps |= SMFIP_RCPT_REJ & offer.steps;
  }
  for (const WantedAction& action : wanted_actions(needs)) {
    if (!action.wanted) continue;
    if ((offer.actions & action.flag) != 0) {
      terms.actions |= action.flag;
    } else if (action.indispensable) {
      if (terms.refusal.empty()) terms.refusal = "the MTA does not offer " + std::string(action.name);
    } else {
      terms.missing.emplace_back(action.name);
    }
  }
  return terms;
}

bool can_adopt(const Terms& terms, const Needs& needs) {
  if (!terms.refusal.empty()) return false;
  const bool steps = (terms.steps & (SMFIP_NODATA | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOBODY) & ~unwanted(needs)) == 0;
  const bool replies = (terms.steps & (SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA | SMFIP_NR_EOH | SMFIP_NR_BODY) &
                        ~unanswered(needs)) == 0;
  if (!steps || !replies) return false;
  if ((needs.tls_macros && !terms.tls_macros) || (needs.auth_macros && !terms.auth_macros)) return false;
  for (const WantedAction& action : wanted_actions(needs)) {
    if (action.wanted && action.indispensable && (terms.actions & action.flag) == 0) return false;
    if (action.wanted && !action.indispensable && (terms.actions & action.flag) == 0 && terms.missing.empty())
      return false;
  }
  return true;
}

}  // namespace postern
