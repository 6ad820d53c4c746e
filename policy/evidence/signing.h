#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/arc/arc.h"
#include "policy/auth/dkim/sign.h"
#include "policy/base/result.h"
#include "policy/dns/domain.h"
#include "policy/mail/facts.h"

namespace postern {

/// The section `sign:`: which keys we have, and what for.
struct Signing {
  std::vector<dkim::SigningKey> keys;    ///< DKIM, of mail that our users hand in
  std::optional<dkim::SigningKey> seal;  ///< ARC, of mail from outside that we hand on
};

/// The keys of the closest domain that `author` is or is below; none where there are no such keys.
std::vector<const dkim::SigningKey*> keys_for(const Signing& signing, const Domain& author);

/// A DKIM-Signature of each key, as fields to be inserted at the top. `header` is that of the message as it leaves us.
Result<std::vector<HeaderField>> dkim_signatures(std::span<const dkim::SigningKey* const> keys,
                                                 std::span<const HeaderField> header,
                                                 const dkim::BodyHashes::Hashed& body, std::int64_t unix_time);

}  // namespace postern
