#pragma once

#include <string>

#include "policy/base/settings.h"
#include "policy/engine/policy.h"
#include "policy/notices/notifier.h"

namespace postern::config {

/// `notices:`: whom rules notify, and how people are told. After `site:`. Relative paths are taken from `folder`.
void read_notices(Settings& settings, const std::string& folder, notices::NotifyOptions& options, Policy& policy);

}  // namespace postern::config
