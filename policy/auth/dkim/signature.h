#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim/verify.h"

namespace postern::dkim {

constexpr std::size_t kMostSignedNames = 100;  // FAULTS T31
constexpr std::int64_t kSkewSeconds = 5 * 60;  // FAULTS T34: clocks of others

/// A DKIM-Signature field (RFC 6376 3.5), read. Not copied: `names` points into `text`.
struct Signature {
  Signature() = default;
  Signature(const Signature&) = delete;
  Signature& operator=(const Signature&) = delete;

  Result shown;         ///< what a result says whatever becomes of it
  std::string problem;  ///< why it can not be used; what follows is whole only where this is empty
  std::string text;
  std::vector<std::string_view> names;  ///< h=
  bool rsa = true;                      ///< a=: else ed25519
  Canonicalization header_form = Canonicalization::simple;
  BodyForm body{Canonicalization::simple, Hash::sha256, std::nullopt};
  std::string body_hash;                  ///< bh=, raw
  std::string bytes;                      ///< b=, raw
  std::optional<dns::Question> key;       ///< where the key stands
  std::optional<std::int64_t> signed_at;  ///< t=
  std::optional<std::int64_t> expires;    ///< x=
  std::string identity_local;             ///< i= before its @
  bool identity_is_domain = true;         ///< the domains of i= and d= are the same

  /// Of the domain `author`, or of one above or below it?
  bool is_near(const Domain& author) const;
};

/// Is the field a DKIM-Signature?
bool is_signature(const HeaderField& field);

/// Reads such a field; never null. `lenient` takes what stood in the drafts of RFC 4871: no v= or v=0.5, and q=dns.
std::unique_ptr<const Signature> read_signature(const HeaderField& field, bool lenient);

}  // namespace postern::dkim
