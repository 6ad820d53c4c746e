#pragma once

#include <memory>
#include <string>

#include "policy/accounts/lookup.h"
#include "policy/accounts/sql/sql_connector.h"
#include "policy/base/result.h"

namespace postern::accounts {

/// SQLite, read-only. `settings` outlives it.
Result<std::unique_ptr<Backend>> open_sqlite(const SqlSettings& settings, SteadyTime until);

}  // namespace postern::accounts
