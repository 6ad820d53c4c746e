#pragma once

#include <string>

#include "policy/base/settings.h"
#include "policy/store/redis/options.h"

namespace postern::config {

/// The settings of `store:` that a shared Redis or Valkey takes. `wanted`: its type is redis, so that it must have
/// servers. Relative paths are taken from `folder`.
void read_redis(Settings& settings, const std::string& folder, bool wanted, store::redis::Options& options);

}  // namespace postern::config
