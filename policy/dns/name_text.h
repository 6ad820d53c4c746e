#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace postern::dns {

/// Adds one label, as octets, to a name in text form: lower case, a dot between labels, none at the end; what is no
/// printable ASCII, dots and backslashes within the label are escaped (RFC 1035 5.1), so that two names never share a
/// text.
void append_label(std::string& name, std::string_view octets);

constexpr std::size_t kMaxLabelOctets = 63;  // RFC 1035 2.3.4
constexpr std::size_t kMaxNameOctets = 255;  // RFC 1035 2.3.4, with length octets and the root's

/// The octets of each label of such a text, in wire format with the root's at the end; nothing where a label or the
/// name is too long or empty.
std::optional<std::string> to_wire(std::string_view name);

/// The octets that the escapes of master text (`\DDD`, `\X`) stand for; nothing for a broken escape.
std::optional<std::string> unescape(std::string_view text);

}  // namespace postern::dns
