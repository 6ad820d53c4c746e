#pragma once

#include <memory>
#include <string>

#include "policy/accounts/lookup.h"
#include "policy/accounts/sql/sql_connector.h"
#include "policy/base/result.h"

namespace postern::accounts {

/// MariaDB, or MySQL, by the non-blocking calls of libmariadb. `settings` outlives it.
Result<std::unique_ptr<Backend>> connect_mariadb(const SqlSettings& settings, const std::string& password,
                                                 SteadyTime until);

}  // namespace postern::accounts
