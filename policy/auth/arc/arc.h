#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim/body_hashes.h"
#include "policy/auth/dkim/key_record.h"
#include "policy/auth/dkim/sign.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"
#include "policy/dns/resolver.h"
#include "policy/mail/facts.h"

namespace postern::arc {

/// The results of RFC 8617 5.2 and RFC 8601 2.7; temperror where a key could not be had.
enum class Status { none, pass, fail, temperror };
std::string_view name(Status status);

struct Options {
  int most_instances = 50;  ///< RFC 8617 4.2.1
  int most_seals = 10;      ///< of a chain that are verified; a longer one fails (FAULTS T36)
  int least_rsa_bits = 1024;
};

/// One ARC Set of a chain.
struct Hop {
  int instance = 0;
  std::string sealer;  ///< d= of the ARC-Seal, lower case
  std::string selector;
  std::string authentication_results;  ///< the payload of the ARC-Authentication-Results, after `i=…;`
};

struct Result {
  Status status = Status::none;
  int instance = 0;       ///< the highest; 0: there is no chain
  int oldest_pass = 0;    ///< RFC 8617 5.2: the lowest instance whose message signature still verifies; 0: all do;
                          ///< -1: a key could not be had, and nobody knows
  std::string reason;     ///< for the log; may hold hostile text
  std::string sealer;     ///< d= of the newest seal
  std::vector<Hop> hops;  ///< of a pass, the oldest first
  bool dead = false;      ///< its newest seal says cv=fail already: nobody seals it again
};

/// The questions that the field wants asked, if it is an ARC field that can be read.
std::vector<dns::Question> key_questions(const HeaderField& field);

/// The ARC Sets of a header, read but not verified. Immutable once made; thread-safe.
class Chain {
 public:
  /// As dkim::Signatures.
  Chain(std::span<const HeaderField> header, const Options& options, dkim::BodyHashes& bodies);
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  bool empty() const;
  /// Validates the chain (RFC 8617 5.2), the newest first, and ends at the first failure.
  Result validate(std::span<const HeaderField> header, const dkim::BodyHashes& bodies, dkim::KeyCache& keys,
                  dns::Resolver& dns, std::int64_t unix_time, const Deadline& deadline) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a new ARC Set says.
struct Sealing {
  dkim::SigningKey key;
  std::string authserv_id;
  std::string authentication_results;  ///< payload: the results without the authserv-id
  Status chain = Status::none;         ///< cv=
  int instance = 1;                    ///< one more than the highest that is there
  std::int64_t unix_time = 0;
  std::vector<std::string> signed_fields = {};  ///< of the message signature, in their order; empty: our own choice
};

/// Seals a message (RFC 8617 5.1): the three fields of the set, to be inserted at the top in this order, ARC-Seal first.
/// `body` is the finished relaxed sha256 hash of all the body. A chain that failed is sealed over its own newest set
/// alone (RFC 8617 5.1.2); one whose newest seal says so already, like a chain that is not known, is an Error.
postern::Result<std::vector<HeaderField>> seal(const Sealing& sealing, std::span<const HeaderField> header,
                                               const dkim::BodyHashes::Hashed& body);

}  // namespace postern::arc
