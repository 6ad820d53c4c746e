#pragma once

#include <string>
#include <string_view>

namespace postern::crypto {
class PrivateKey;
}

namespace postern::dkim {

/// The key record of the key (RFC 6376 3.6.1).
std::string key_record_text(const crypto::PrivateKey& key);

/// A TXT record as a line of a zone file (RFC 1035 5.1), its text split where a string of 255 bytes is full.
/// `name` is absolute, without its last dot; `text` has neither quotes nor backslashes.
std::string zone_line(std::string_view name, std::string_view text);

}  // namespace postern::dkim
