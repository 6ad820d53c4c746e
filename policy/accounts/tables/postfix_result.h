#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/lookup.h"

namespace postern::accounts {

/// What Postfix makes of the results of a table: `domain`, `result_format` and `expansion_limit` (pgsql_table(5)).
struct PostfixResult {
  std::vector<std::string> domains;  ///< in lower case; keys of others are absent without being asked for; none: all
  std::string format = "%s";
  std::size_t limit = 0;  ///< more results than this are a failure; 0: none
};

/// Whether `%` stands only before what may stand there.
bool is_result_format(std::string_view format);

/// A connector whose replies are those of `inner`, all fields as one value. Where there are several `inner`, those behind
/// the first serve where it is not there.
std::shared_ptr<const Connector> make_postfix_connector(std::vector<std::shared_ptr<const Connector>> inner,
                                                        PostfixResult result);

}  // namespace postern::accounts
