#pragma once

#include <memory>
#include <string>

#include "policy/accounts/lookup.h"
#include "policy/accounts/sql/sql_connector.h"
#include "policy/base/result.h"

namespace postern::accounts {

/// PostgreSQL by libpq, without blocking. `settings` outlives it.
Result<std::unique_ptr<Backend>> connect_postgresql(const SqlSettings& settings, const std::string& password,
                                                    SteadyTime until);

}  // namespace postern::accounts
