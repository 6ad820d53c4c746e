#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace postern::config {

constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;  // FAULTS T70

/// The content of a regular file of at most kMaxFileBytes, or nothing and `why`. Never waits for a FIFO or a device.
std::optional<std::string> read_file(const std::string& path, std::string& why);

}  // namespace postern::config
