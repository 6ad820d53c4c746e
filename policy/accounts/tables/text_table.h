#pragma once

#include <memory>
#include <string>

#include "policy/accounts/tables/file_table.h"

namespace postern::accounts {

/// Reads the text of a Postfix table, as `texthash:` does: `key whitespace value`, keys without regard to case, of equal
/// keys the first. What Postfix warns of and passes over is a warning here, too; bytes that are no text, and more than
/// kMostTableEntries, are errors.
///
/// A key with blanks stands in double quotes, which stay part of it (Postfix 3.7, other than postmap(1) may be read):
/// it is found by the key in quotes, the form in which Postfix, and who looks up addresses here, asks for a local part
/// that needs them.
std::shared_ptr<const TableContent> read_text_table(const std::string& name, const std::string& text,
                                                    Problems& problems);

}  // namespace postern::accounts
