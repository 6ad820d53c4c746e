#pragma once

#include <string>
#include <string_view>

namespace postern {

/// `text`, whoever wrote it, as the value of a header field that we add: no control bytes (they become blanks), bytes
/// beyond ASCII as encoded words in UTF-8 (RFC 2047), folded before 78 columns at blanks (RFC 5322 2.1.1) with `\n\t`,
/// at most 4000 bytes. Read back it is one field, always.
std::string field_value(std::string_view name, std::string_view text);

/// May `name` be a field name (RFC 5322 2.2)? Printable ASCII without colon, at most 76 bytes.
bool is_field_name(std::string_view name);

}  // namespace postern
