#pragma once

#include <cstddef>
#include <string_view>

namespace postern {

/// Where `text` goes on behind white space and comments, which nest (RFC 5322 3.2.2), from `at` on; its end where a
/// comment is not closed.
std::size_t skip_cfws(std::string_view text, std::size_t at);

}  // namespace postern
