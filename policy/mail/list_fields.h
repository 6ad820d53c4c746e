#pragma once

#include <optional>
#include <span>
#include <string>

#include "policy/dns/domain.h"
#include "policy/mail/facts.h"

namespace postern {

/// What the header fields of a mailing list say.
struct ListFields {
  bool is_list = false;               ///< List-Id, List-Post, Precedence "list", or "bulk" with another List field
  std::string account;                ///< the address of List-Post, else the identifier of List-Id, else empty
  std::optional<Domain> post_domain;  ///< of List-Post
  std::optional<Domain> id;           ///< of List-Id

  /// Is it a domain of the list's: that of its address, or one that its identifier is below of?
  bool is_own(const Domain& domain) const {
    return (post_domain && *post_domain == domain) || (id && id->is_within(domain));
  }
};
/// Reads List-Id (RFC 2919 2), List-Post (RFC 2369 3.4) and Precedence. Pure; what cannot be read is passed over.
ListFields read_list_fields(std::span<const HeaderField> header);

}  // namespace postern
