#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/base/result.h"
#include "policy/dns/domain.h"
#include "policy/dns/resolver.h"

namespace postern::crypto {
class PublicKey;
}

namespace postern::dkim {

/// A key record (RFC 6376 3.6.1), its key parsed.
struct KeyRecord {
  std::shared_ptr<const crypto::PublicKey> key;  ///< null: see `problem`, or revoked
  bool revoked = false;                          ///< an empty `p=`
  bool testing = false;                          ///< `t=y`
  bool same_domain = false;                      ///< `t=s`: i= and d= must be the same
  bool sha1 = true, sha256 = true;               ///< `h=`
  bool email = true;                             ///< `s=` allows it
  bool rsa = true;                               ///< `k=`; else ed25519
  std::string problem;                           ///< why the record can not be used; empty otherwise
  std::string granularity = "*";                 ///< `g=` of RFC 4871 3.6.1, which RFC 6376 took away
};

/// Parses key records and remembers them beside their text, since parsing an RSA key costs six times what verifying
/// with it costs. Bounded; thread-safe. One a process.
class KeyCache {
 public:
  explicit KeyCache(std::size_t capacity = 4096);
  ~KeyCache();
  std::shared_ptr<const KeyRecord> parse(const std::string& text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Where the key of `selector` and `domain` stands: selector._domainkey.domain. Nothing where that is no name.
std::optional<Domain> key_name(std::string_view selector, std::string_view domain);

}  // namespace postern::dkim
