#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/problem.h"

namespace postern::accounts {

/// A line of a Postfix table, put together, without blanks at its end.
struct LogicalLine {
  int number;  ///< of the line of the file that it begins with
  std::string text;
};

/// The logical lines of a Postfix table (postmap(1), INPUT FILE FORMAT): blank lines and those that begin with `#` are
/// passed over, and a line that begins with a blank continues the one before. A continuation of nothing is a warning
/// and passed over.
std::vector<LogicalLine> logical_lines(const std::string& name, std::string_view text, Problems& problems);

/// Space, tab, CR, vertical tab, form feed, as isspace(3) in the C locale; the line feed too.
bool is_blank(char c);

}  // namespace postern::accounts
