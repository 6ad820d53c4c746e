#pragma once

#include <string>
#include <string_view>

namespace postern::store::redis {

/// SHA-1 (RFC 3174) in hexadecimal: the name under which a server keeps a script. For nothing that must be secure.
std::string sha1_hex(std::string_view text);

}  // namespace postern::store::redis
