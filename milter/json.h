#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

#include "policy/base/problem.h"
#include "policy/base/text.h"

namespace postern {

using Json = nlohmann::ordered_json;

/// `json` on one line. Text that is no UTF-8 is shown with U+FFFD instead of failing.
inline std::string json_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// [{"kind":"error","file":…,"line":…,"column":…,"message":…,"hint":…}].
Json problems_json(const std::vector<Problem>& problems);

}  // namespace postern
