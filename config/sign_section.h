#pragma once

#include <memory>
#include <string>

#include "policy/base/settings.h"
#include "policy/evidence/signing.h"

namespace postern::config {

/// Reads `sign:`; null where it is not there. Relative paths are taken from `folder`.
std::shared_ptr<const Signing> read_sign(const Node* section, const std::string& folder, Problems& problems);

/// What the section, and each key in it, takes.
void ask_sign(Settings& settings);
std::vector<Settings::Asked> key_settings();

}  // namespace postern::config
