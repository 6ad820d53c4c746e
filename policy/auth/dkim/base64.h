#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::dkim {

/// The bytes of a base64 text with white space anywhere (RFC 6376 2.10). Nothing where it holds anything else.
/// local: padding may be missing; what stands behind it may not.
std::optional<std::string> decode_base64(std::string_view text);
/// In one line, padded.
std::string encode_base64(std::string_view bytes);

}  // namespace postern::dkim
