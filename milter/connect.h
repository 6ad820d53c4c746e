#pragma once

#include <string>

#include "config/configuration.h"

namespace postern {

/// A descriptor connected to the stream socket at `where`, close-on-exec; -1 with errno set when nobody is there.
/// `nonblocking` holds for the descriptor afterwards; connecting itself waits at most 5 s.
int connect_to(const config::Listen& where, bool nonblocking);
/// The same for the Unix socket at `path`.
int connect_to(const std::string& path, bool nonblocking);

}  // namespace postern
