#pragma once

#include <string>
#include <string_view>

#include "policy/notices/way.h"

namespace postern::notices {

/// The notice as one JSON object in one line (RFC 8259): `event` ("incident"), `text` (one line for people, the key that
/// chat servers read), `rule`, `key`, `id`, `what`, `time` (RFC 3339, UTC), `host` and `facts`, an array of objects with
/// `name` and `value` in their order. All values are strings, of at most 4000 bytes each; bytes that are no UTF-8 are
/// U+FFFD. Pure.
std::string incident_json(const Notice& notice, std::string_view host);

}  // namespace postern::notices
