#pragma once

#include <span>
#include <string>

#include "policy/base/settings.h"
#include "policy/evidence/site.h"

namespace postern::config {

/// `site:`. `declared` are the names that `lists:` gives, also of lists that could not be made; relative paths are
/// taken from `folder`. `domains` is never null afterwards.
void read_site(Settings& settings, const std::string& folder, const rules::Lists& lists,
               std::span<const std::string> declared, Site& site);

}  // namespace postern::config
