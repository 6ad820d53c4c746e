#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "policy/accounts/identity/normal_form.h"
#include "policy/base/cache.h"
#include "policy/base/result.h"
#include "policy/dns/domain.h"
#include "policy/rules/pattern.h"

namespace postern::accounts {

/// What a login may send as beside its own addresses. One of
///
///     info@acme.example     that address
///     acme.example          every address of exactly that domain; also written @acme.example
///     .acme.example         every address of that domain and of all below it
///     /press-.*@acme\.example/   every address that matches as a whole (RE2, without case)
///     group:press           what a directory resolves; by itself nothing
///     *                     anything
///
/// A domain does not cover what AddressKey::is_routed(). Before each may stand `for:`: the login acts for the address and says so in a Sender field. Immutable.
class Grant {
 public:
  enum class Kind { address, domain, subdomains, pattern, group, anything };

  /// The Error says what is wrong with `text`, and has no place.
  static Result<Grant> parse(std::string_view text, LetterCase letters);

  Kind kind() const { return kind_; }
  bool delegates() const { return delegates_; }
  /// The address as it is compared; of any other kind nothing.
  const std::optional<AddressKey>& address() const { return address_; }
  /// Whether it is about `key`. Of a pattern the text of the key is matched, the domain in A-labels.
  bool covers(const AddressKey& key) const;
  /// Is read as the same grant again.
  std::string text() const;

 private:
  Grant() = default;

  Kind kind_ = Kind::group;
  bool delegates_ = false;
  std::string word_;  ///< of a group its name, of a pattern what stands between the slashes, of an address its text
  std::optional<AddressKey> address_;
  std::optional<Domain> domain_;
  std::shared_ptr<const rules::Pattern> pattern_;
};

/// Grants by their text, so that none is compiled twice. Bounded; thread-safe.
class GrantCache {
 public:
  explicit GrantCache(LetterCase letters) : letters_(letters), cache_(kMost) {}
  /// Null where the text is no grant.
  std::shared_ptr<const Grant> get(std::string_view text);

 private:
  static constexpr std::size_t kMost = 4096;  // local: patterns are at most some kilobytes each
  const LetterCase letters_;
  Cache<std::string, std::shared_ptr<const Grant>> cache_;
};

}  // namespace postern::accounts
