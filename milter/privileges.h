#pragma once

#include <string>

#include "policy/base/result.h"

namespace postern {

/// Becomes `user` for good: its groups, its user and group ids, and no way to gain privileges again. For a process
/// started as root, before any thread starts.
Result<bool> become(const std::string& user);

/// True when the process runs as root.
bool is_root();

/// Raises the number of files the process may open to what it may be raised to, and answers it.
std::size_t raise_file_limit();

}  // namespace postern
