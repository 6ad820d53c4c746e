#pragma once

#include <string>
#include <string_view>

namespace postern::config {

/// What a person most likely did where the YAML library says `message`; empty when nobody can tell.
std::string yaml_hint(std::string_view message);

}  // namespace postern::config
