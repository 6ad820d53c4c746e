#pragma once

#include <memory>
#include <string>

#include "policy/accounts/tables/file_table.h"

namespace postern::accounts {

/// Whose syntax a table of patterns has: regexp_table(5) or pcre_table(5). They differ in their flags.
enum class PatternKind { regexp, pcre };

/// Reads a table of patterns: `/pattern/flags result`, `!/pattern/flags result`, `/pattern/!/other/ result`,
/// `if /pattern/` … `endif`, and `$1`, `${1}`, `$(1)`, `$$` in results. The first line that matches answers; without
/// regard to case unless its flags say so.
///
/// The patterns are RE2's: what it has not (back references, look-around, basic expressions) is an error at its line,
/// other than in Postfix, which passes the line over: a rule that is not there must not be found out later. Groups are
/// caught leftmost-first, as PCRE does.
std::shared_ptr<const TableContent> read_pattern_table(PatternKind kind, const std::string& name,
                                                       const std::string& text, Problems& problems);

}  // namespace postern::accounts
