#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/settings.h"

namespace postern::config {

/// A text of a list and where it stands.
struct PlacedText {
  std::string text;
  Place where;
};

/// Asks `settings` for a list of texts, or one text standing for a list of one, as Settings::texts() does, but keeps
/// the places.
std::vector<PlacedText> placed_texts(Settings& settings, std::string_view key, std::string_view form,
                                     std::string_view fallback, std::string_view doc);

}  // namespace postern::config
