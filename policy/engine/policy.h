#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/checks/registry.h"
#include "policy/evidence/backends.h"
#include "policy/evidence/signing.h"
#include "policy/evidence/site.h"
#include "policy/limits/limit.h"
#include "policy/rules/rule_set.h"

namespace postern {

enum class Mode { enforce, monitor };

/// What the policy wants of the MTA: derived from what its rules read, so that nothing is sent in vain.
struct Needs {
  bool headers = false;     ///< header fields are sent
  bool body = false;        ///< body chunks are sent
  bool evidence = false;    ///< Evidence is asked for …
  bool signatures = false;  ///< … of DKIM or ARC, too
  bool behaviour = false;   ///< it is watched: what is sent is counted
  bool reply_mail = false;  ///< a refusal can be spoken at MAIL …
  bool reply_rcpt = false;
  bool reply_data = false;
  bool reply_headers = false;   ///< … at end-of-headers
  bool reply_body = false;      ///< a cap on the body can end it early
  bool quarantine = false;      ///< SMFIF_QUARANTINE
  bool add_headers = false;     ///< SMFIF_ADDHDRS
  bool change_headers = false;  ///< SMFIF_CHGHDRS: fields are removed or changed
  bool tls_macros = false;      ///< {tls_version} {cipher} {cert_subject} at MAIL
  bool auth_macros = true;      ///< {auth_authen} {auth_type} at MAIL

  friend bool operator==(const Needs&, const Needs&) = default;
};

/// One compiled policy: frozen, shared, one generation.
struct Policy {
  std::uint64_t generation = 0;
  Mode mode = Mode::enforce;
  Stage answer_at = Stage::recipient;  ///< sender or recipient
  std::optional<rules::Split> split;   ///< the site's own default; nothing: by direction (LANGUAGE 2)
  Site site;
  std::string postmaster;  ///< whom rules notify: an address
  std::vector<ConfiguredCheck> checks;
  std::vector<limits::Limit> limits;  ///< one for each of the rule set's limits
  std::shared_ptr<const Backends> backends = std::make_shared<const Backends>();  ///< never null
  std::shared_ptr<const Signing> signing;                                         ///< null: nothing is signed
  std::shared_ptr<const rules::RuleSet> rules;
  Needs needs;  ///< derive_needs() of all the above
};

/// What `policy` needs of the MTA (its `needs` member is not looked at). Pure.
Needs derive_needs(const Policy& policy);

}  // namespace postern
