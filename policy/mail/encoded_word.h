#pragma once

#include <string>
#include <string_view>

namespace postern {

/// `text` of a header field with its encoded words decoded (RFC 2047), as UTF-8: what a reader of the message is shown.
///
/// Decoded once: what comes out is not looked at again. White space between two encoded words goes (RFC 2047 6.2). A
/// word that does not keep to the grammar stays as it is. The bytes of a charset that nobody knows are taken for UTF-8,
/// and whatever is no UTF-8 becomes U+FFFD. local: words are decoded inside quoted strings too and at any length, since
/// mail programs do. Control bytes, NUL among them, come out as they are: whoever prints the text makes it printable.
std::string decode_words(std::string_view text);

}  // namespace postern
