#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "policy/auth/dkim/body_hashes.h"
#include "policy/base/result.h"
#include "policy/mail/facts.h"

namespace postern::crypto {
class PrivateKey;
}

namespace postern::dkim {

/// A key to sign with.
struct SigningKey {
  std::string domain;                             ///< d=
  std::string selector;                           ///< s=
  std::shared_ptr<const crypto::PrivateKey> key;  ///< RSA or Ed25519
};

/// What our signatures are made of (relaxed/relaxed, sha256).
struct SigningForm {
  /// Names, lower case, signed as often as they occur …
  std::vector<std::string> fields;
  /// … and of these once more than they occur, so that nobody adds one (RFC 6376 5.4.2, 8.15; FAULTS T33).
  std::vector<std::string> oversigned;
  /// Where one of these is missing it is not signed as missing: an MTA adds it behind its milters (RFC 6409 8.1).
  std::vector<std::string> completed = {};
  /// Lists of addresses, which are left out where an MTA would change them: signed_names().
  std::vector<std::string> addresses = {};
};
const SigningForm& default_signing_form();

/// The value of a DKIM-Signature field (RFC 6376 5), folded. `body` is the finished relaxed sha256 hash of all the
/// body. Fails only where the library does.
postern::Result<std::string> sign(const SigningKey& key, const SigningForm& form, std::span<const HeaderField> header,
                                  const BodyHashes::Hashed& body, std::int64_t unix_time);

}  // namespace postern::dkim
