#pragma once

#include <string>

#include "policy/engine/decision_record.h"

namespace postern::cli {

/// The JSON of `postern test` (DESIGN 4), on one line; with "file" in front when `file` is not empty. Stable for
/// programs.
std::string decision_json(const DecisionRecord& record, const std::string& file);
/// The same for a person: several lines.
std::string decision_text(const DecisionRecord& record);
/// The same in one line, for a folder of messages.
std::string decision_line(const DecisionRecord& record, const std::string& file);

}  // namespace postern::cli
