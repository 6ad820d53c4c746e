#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/key_template.h"

namespace postern::accounts {

/// Whose SQL it is. They differ in what quotes a text, what comments one out, and how a bound parameter is written.
enum class Dialect { postgresql, mariadb, sqlite };

/// A query of a site with its parameters taken out: each is bound where it stood, and never becomes part of the text.
struct SqlText {
  std::string text;                ///< with $1, ? or ?1 where a parameter stood
  std::vector<KeyTemplate> bound;  ///< the value of each, in order
};

/// What is wrong with a query, and at which byte of it.
struct SqlProblem {
  std::string message;
  std::size_t offset = 0;
};

/// A name that may stand behind a colon, and what it is of the key.
struct SqlParameter {
  std::string_view name;
  KeyTemplate::Part part;
};

/// Understands a query with parameters as `:login`, one of `parameters`. What stands in quotes, in comments, or behind
/// the second colon of a cast is no parameter. One statement alone. Nothing, and `problem`, where it is wrong: an unknown
/// parameter, one of the dialect's own (`?`, `$1`), a quote without an end.
std::optional<SqlText> parse_query(std::string_view query, Dialect dialect, std::span<const SqlParameter> parameters,
                                   SqlProblem& problem);

/// Understands a query of a Postfix table (pgsql_table(5), mysql_table(5), sqlite_table(5)): `%s %u %d %1`…`%9`, with
/// `%S %U %D` the same, and `%%`. A literal with one of them in it is bound as a whole.
std::optional<SqlText> parse_postfix_query(std::string_view query, Dialect dialect, SqlProblem& problem);

}  // namespace postern::accounts
