#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim/body_hashes.h"
#include "policy/auth/dkim/key_record.h"
#include "policy/base/deadline.h"
#include "policy/dns/resolver.h"
#include "policy/mail/facts.h"

namespace postern::dkim {

/// The results of RFC 8601 2.7.1 for one signature.
enum class Status { none, pass, fail, policy, neutral, temperror, permerror };
std::string_view name(Status status);

struct Options {
  std::size_t signatures = 5;  ///< verified at most (FAULTS T30); those of From's domain first
  int least_rsa_bits = 1024;   ///< RFC 8301 3.2
  int most_rsa_bits = 16384;
  bool lenient = false;       ///< rsa-sha1 and 512 bits pass, for old collections of mail
  bool trust_length = false;  ///< a pass with `l=` below the body's length proves something
};

/// What became of one signature.
struct Result {
  Status status = Status::none;
  std::string reason;       ///< for the log; may hold hostile text
  std::string domain;       ///< d=, lower case, A-labels; empty where it could not be read
  std::string selector;     ///< s=, U-labels as A-labels
  std::string identity;     ///< i=, or "@" and the domain
  std::string algorithm;    ///< a=, lower case
  std::string signature;    ///< the first 8 characters of b= (RFC 6008)
  int bits = 0;             ///< of the key; 0 where none was had
  bool testing = false;     ///< `t=y` of the key
  bool truncated = false;   ///< `l=` leaves some of the body unsigned
  bool distrusted = false;  ///< it passes, and proves nothing all the same: `truncated`, and nobody trusts that
  bool capped = false;      ///< not looked at: too many signatures

  /// Does it prove that its domain had the message?
  bool proves() const { return status == Status::pass && !distrusted; }
};

/// The question that field wants asked, if it is a DKIM-Signature that can be read: announce it when the field is seen.
std::optional<dns::Question> key_question(const HeaderField& field);

/// The signatures of a header, read but not verified. Immutable once made; thread-safe.
class Signatures {
 public:
  /// Of the fields of a complete header, in its order; announces in `bodies` the hashes that they want. `author`:
  /// signatures of this domain, of one above it or below it are looked at first; may be empty.
  Signatures(std::span<const HeaderField> header, std::string_view author, const Options& options, BodyHashes& bodies);
  ~Signatures();
  Signatures(const Signatures&) = delete;
  Signatures& operator=(const Signatures&) = delete;

  bool empty() const;  ///< there is no DKIM-Signature field
  /// The domains of those that verify() looks at.
  std::vector<std::string> domains() const;

  /// Verifies them (RFC 6376 6), one result a field in the order of the header. `header` is that of the constructor,
  /// `bodies` is finished. All keys are asked for at once. A key that does not come in time is `temperror`. Blocks no
  /// longer than `deadline`.
  std::vector<Result> verify(std::span<const HeaderField> header, const BodyHashes& bodies, KeyCache& keys,
                             dns::Resolver& dns, std::int64_t unix_time, const Deadline& deadline) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::dkim
