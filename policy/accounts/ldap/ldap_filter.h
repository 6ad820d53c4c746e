#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "policy/accounts/key_template.h"

namespace postern::accounts {

/// A value as it stands in a search filter (RFC 4515 3): `( ) * \`, controls and every byte that is no ASCII as `\xx`.
std::string escape_filter(std::string_view value);

/// What is wrong with a filter, and at which byte of it.
struct FilterProblem {
  std::string message;
  std::size_t offset = 0;
};

/// Understands a filter with `{login}`, `{address}` or `{value}` (all three the whole key), `{local}` and `{domain}`,
/// which are filled in escaped: expand(question, escape_filter). Nothing, and `problem`, where it is wrong.
std::optional<KeyTemplate> parse_filter(std::string_view filter, FilterProblem& problem);
/// The same with Postfix's `%s %u %d %1`…`%9`, and `%%` (ldap_table(5)).
std::optional<KeyTemplate> parse_postfix_filter(std::string_view filter, FilterProblem& problem);

/// Whether it may stand for the type of an attribute: a letter, then letters, digits and hyphens, or an OID
/// (RFC 4512 2.5).
bool is_attribute(std::string_view name);

/// The filter for which one of `attributes` is the key; of proxyAddresses also with its `smtp:` before it.
template <class Attributes>
KeyTemplate any_of_attributes(const Attributes& attributes) {
  KeyTemplate out;
  out.text("(|");
  for (const auto& attribute : attributes) {
    for (const std::string_view prefix : {"", "smtp:"}) {
      if (!prefix.empty() && attribute != "proxyaddresses") continue;
      out.text("(" + std::string(attribute) + "=" + std::string(prefix));
      out.part(KeyTemplate::Part::key);
      out.text(")");
    }
  }
  out.text(")");
  return out;
}

}  // namespace postern::accounts
