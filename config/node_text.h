#pragma once

#include <string>

#include "policy/base/document.h"

namespace postern::config {

/// A value as one text, without places and comments: two values with the same text say the same.
std::string text_of(const Node& node);

}  // namespace postern::config
