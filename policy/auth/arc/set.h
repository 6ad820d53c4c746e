#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim/body_hashes.h"
#include "policy/dns/domain.h"
#include "policy/mail/facts.h"

namespace postern::arc {

/// An ARC-Message-Signature or ARC-Seal, read (RFC 8617 4.1.2, 4.1.3).
struct Signature {
  std::size_t field = 0;  ///< its place in the header
  int instance = 0;
  std::string domain;    ///< d=, lower case
  std::string selector;  ///< s=
  std::optional<Domain> key_name;
  std::string signature;  ///< b=, raw
  // Of a message signature:
  std::string body_hash;  ///< bh=, raw
  std::vector<std::string> fields;
  dkim::Canonicalization header_form = dkim::Canonicalization::relaxed;  // local: without c=, as others take it
  dkim::BodyForm body_form;
  std::size_t body = 0;  ///< the number of its hash
  // Of a seal:
  std::string cv;
};

struct Set {
  int instance = 0;
  std::size_t results_field = 0;  ///< the ARC-Authentication-Results
  std::string results;            ///< its payload
  Signature message;
  Signature seal;
};

/// The sets of a header, the oldest first, or why they are no chain (RFC 8617 5.2, steps 1 to 3). Both empty: there is
/// none.
struct Sets {
  std::vector<Set> sets;
  int highest = 0;  ///< instance that any field names, as far as one can be read
  std::string problem;
  bool failed_before = false;  ///< the newest seal says cv=fail
};
Sets read_sets(std::span<const HeaderField> header, int most_instances);

/// The name of the key that an ARC-Seal or ARC-Message-Signature wants; nothing where it cannot be read.
std::optional<Domain> key_name_of(const HeaderField& field);

}  // namespace postern::arc
