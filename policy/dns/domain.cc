#include "policy/dns/domain.h"

#include <unicode/uidna.h>

#include <algorithm>
#include <array>
#include <memory>

#include "policy/base/ip.h"
#include "policy/base/text.h"
#include "policy/dns/name_text.h"

namespace postern {

namespace {

constexpr std::size_t kMaxNameBytes = 253;    // RFC 1035 2.3.4: 255 on the wire
constexpr std::size_t kMaxLabelBytes = 63;    // RFC 1035 2.3.4
constexpr std::size_t kMaxInputBytes = 1000;  // local: 253 bytes of A-labels never come from more UTF-8 than this

bool is_label_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes) return false;
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!is_label_byte(c) || ++label > kMaxLabelBytes) {
      return false;
    }
  }
  return label > 0;
}

const UIDNA* uts46() {
  using Owned = std::unique_ptr<UIDNA, decltype(&uidna_close)>;
  static const Owned idna = [] {
    UErrorCode status = U_ZERO_ERROR;
    const std::uint32_t options =
        UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_CHECK_CONTEXTO | UIDNA_NONTRANSITIONAL_TO_ASCII;
    Owned opened(uidna_openUTS46(options, &status), &uidna_close);
    if (U_FAILURE(status)) opened.reset();
    return opened;
  }();
  return idna.get();
}

std::optional<std::string> to_a_labels(std::string_view utf8) {
  if (utf8.size() > kMaxInputBytes || uts46() == nullptr) return std::nullopt;
  std::array<char, kMaxNameBytes + 2> out{};
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t n = uidna_nameToASCII_UTF8(uts46(), utf8.data(), static_cast<std::int32_t>(utf8.size()),
                                                out.data(), static_cast<std::int32_t>(out.size()), &info, &status);
  // UTS #46 CheckHyphens=false: names like r3---sn-4g5e are in use.
  constexpr std::uint32_t kHyphens = UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;
  if (U_FAILURE(status) || (info.errors & ~kHyphens) != 0) return std::nullopt;
  return std::string(out.data(), static_cast<std::size_t>(n));
}

}  // namespace

std::optional<Domain> Domain::parse(std::string_view text) {
  std::string name;
  if (is_ascii(text)) {
    if (text.size() > kMaxNameBytes + 1) return std::nullopt;
    name = ascii_lower(text);
  } else {
    auto converted = to_a_labels(text);
    if (!converted) return std::nullopt;
    name = ascii_lower(*converted);
  }
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (!is_name(name)) return std::nullopt;
  if (IpAddress::parse(name)) return std::nullopt;  // RFC 1123 2.1: a host name never has the form of an address
  return Domain(std::move(name));
}

std::optional<Domain> Domain::any_name(std::string_view name_text) {
  const auto wire = dns::to_wire(name_text);
  if (!wire) return std::nullopt;
  std::string name;  // in its one form, however it was escaped
  for (std::size_t at = 0; (*wire)[at] != '\0';) {
    const auto length = static_cast<std::size_t>((*wire)[at]);
    dns::append_label(name, std::string_view(*wire).substr(at + 1, length));
    at += length + 1;
  }
  if (name.empty()) return std::nullopt;
  return Domain(std::move(name));
}

std::vector<std::string_view> Domain::labels() const { return split(text_, '.'); }

bool Domain::is_within(const Domain& ancestor) const {
  const std::size_t mine = text_.size();
  const std::size_t theirs = ancestor.text_.size();
  if (mine == theirs) return text_ == ancestor.text_;
  return mine > theirs && text_[mine - theirs - 1] == '.' && text_.ends_with(ancestor.text_);
}

std::optional<Domain> Domain::parent() const {
  const std::size_t dot = text_.find('.');
  if (dot == std::string::npos) return std::nullopt;
  std::string rest = text_.substr(dot + 1);
  if (IpAddress::parse(rest)) return std::nullopt;  // RFC 1123 2.1, as in parse(): 1.192.0.2.1
  return Domain(std::move(rest));
}

}  // namespace postern
