#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// A host or mail domain name: lower-case A-labels (IDNA2008 by UTS #46, non-transitional), no trailing dot, at most
/// 253 bytes, labels of 1-63 letters, digits, hyphens and (as DNS names in mail do) underscores. One label is enough.
/// Never an address literal.
class Domain {
 public:
  /// Nothing where `text` (ASCII or UTF-8, with or without the trailing dot) is no such name.
  static std::optional<Domain> parse(std::string_view text);
  /// A DNS name of any octets, in the text form of dns/name_text.h, to be asked for and for nothing else: an SPF record
  /// may lead to names that no host can have (RFC 2181 11, RFC 7208 7.1). That of a host name is the same as parse()
  /// gives. Nothing for the root, or where a label or the name is too long or empty. labels(), is_within() and parent()
  /// take an escaped dot for one between labels.
  static std::optional<Domain> any_name(std::string_view name_text);

  const std::string& text() const { return text_; }
  std::vector<std::string_view> labels() const;
  /// Is it `ancestor`, or below it?
  bool is_within(const Domain& ancestor) const;
  /// Without its first label; nothing for a single label, or where the rest has the form of an address.
  std::optional<Domain> parent() const;

  friend auto operator<=>(const Domain&, const Domain&) = default;

 private:
  explicit Domain(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace postern
