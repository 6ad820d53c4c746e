#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/auth/crypto.h"

namespace postern::dkim {

enum class Canonicalization { simple, relaxed };  // RFC 6376 3.4
using crypto::Hash;

/// How a signature wants the body hashed (RFC 6376 3.4.3, 3.4.4, 3.4.5).
struct BodyForm {
  Canonicalization canonicalization = Canonicalization::relaxed;
  Hash hash = Hash::sha256;
  std::optional<std::uint64_t> length;  ///< `l=`: canonical bytes that count; the rest is only counted

  friend bool operator==(const BodyForm&, const BodyForm&) = default;
};

/// The hashes of a body in all forms that somebody wants, in one pass and without a copy: its chunks go by as they
/// come, cut anywhere. One canonicalization is made once, whatever the number of its hashes.
class BodyHashes {
 public:
  BodyHashes();
  ~BodyHashes();
  BodyHashes(const BodyHashes&) = delete;
  BodyHashes& operator=(const BodyHashes&) = delete;

  /// Announces a form before the first chunk; equal ones share a number.
  std::size_t add(const BodyForm& form);
  bool empty() const;
  void update(std::string_view chunk);
  /// The body is complete.
  void finish();

  struct Hashed {
    std::string digest;       ///< raw
    std::uint64_t bytes = 0;  ///< of the whole canonical body, past `length` too
  };
  /// Of form `number`; after finish().
  const Hashed& at(std::size_t number) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::dkim
