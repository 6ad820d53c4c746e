#pragma once

#include <memory>
#include <string>

#include "policy/auth/dkim/key_record.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"

namespace postern::dkim {

/// What came of asking for a key.
struct KeyAnswer {
  std::shared_ptr<const KeyRecord> record;  ///< a key that can be used; else null
  bool temporary = false;                   ///< … and it may be had later: temperror; else permerror
  std::string problem;                      ///< … and why, for the log; may hold hostile text
};

/// The key at `name`, which key_name() made (RFC 6376 6.1.2). Whether it serves a signature (its type, hashes, flags and
/// size) is for the caller to see. Blocks no longer than `deadline`.
KeyAnswer look_up_key(const Domain& name, KeyCache& keys, dns::Resolver& dns, const Deadline& deadline);

}  // namespace postern::dkim
