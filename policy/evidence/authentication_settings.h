#pragma once

#include "policy/auth/arc/arc.h"
#include "policy/auth/dkim/verify.h"
#include "policy/auth/dmarc/dmarc.h"
#include "policy/auth/spf/spf.h"

namespace postern {

/// How SPF, DKIM, ARC and DMARC are evaluated: what the settings of their checks say.
struct AuthenticationSettings {
  spf::Options spf;
  dkim::Options dkim;
  arc::Options arc;
  dmarc::Model model = dmarc::Model::rfc9989;
  bool report_data = true;  ///< what aggregate reports tell is recorded in the store
};

}  // namespace postern
