#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/lookup.h"

namespace postern::accounts {

/// A text with parts of a key in it: the value of a parameter of a query, the filter of an LDAP search, what Postfix
/// makes of a result. Immutable once made.
class KeyTemplate {
 public:
  enum class Part {
    text,
    key,     ///< the whole
    local,   ///< what stands before the last `@`; of a key without one the whole
    domain,  ///< what stands behind it
    label,   ///< the nth label of the domain, from the right
  };
  /// What becomes of a text for which a part is not there.
  enum class Missing {
    empty,    ///< the part is empty
    nothing,  ///< there is no such text (pgsql_table(5): the query is suppressed)
  };
  KeyTemplate() = default;
  explicit KeyTemplate(Missing missing) : missing_(missing) {}

  void text(std::string_view text);
  void part(Part part, std::size_t label = 0);

  using Escape = std::string (*)(std::string_view);
  /// `escape`, where given, is done to each part of the key, and to no text.
  std::optional<std::string> expand(const Question& question, Escape escape = nullptr) const;

  bool has_parts() const;
  bool empty() const { return pieces_.empty(); }

 private:
  struct Piece {
    Part part = Part::text;
    std::size_t label = 0;
    std::string text;
  };
  std::string_view value(const Piece& piece, const Question& question) const;

  Missing missing_ = Missing::empty;
  std::vector<Piece> pieces_;
};

}  // namespace postern::accounts
