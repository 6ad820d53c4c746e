#pragma once

#include <string>

#include "config/configuration.h"
#include "policy/base/settings.h"

namespace postern::config {

/// Each asks for every setting of its section once; what it is asked over no map is the reference.

/// `version mode answer_at split`, the sections of one value.
void read_top(Settings& settings, Policy& policy);
/// `listen:` as a map.
void read_listen(Settings& settings, Configuration& configuration);
/// `listen:` as a map or as an address alone. `node` may be null.
void read_listen_section(const Node* node, Problems& problems, Configuration& configuration);
/// `dns:`; relative paths are taken from `folder`.
void read_dns(Settings& settings, const std::string& folder, dns::Options& options);
/// `store:`; relative paths are taken from `folder`.
void read_store(Settings& settings, const std::string& folder, Configuration& configuration);
void read_admin(Settings& settings, Configuration& configuration);
void read_log(Settings& settings, Configuration& configuration);

}  // namespace postern::config
