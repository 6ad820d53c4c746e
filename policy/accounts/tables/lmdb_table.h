#pragma once

#include <memory>
#include <string>

#include "policy/accounts/tables/file_table.h"

namespace postern::accounts {

/// Reads a file that `postmap lmdb:` made, all of it, into memory. Keys without regard to case, with and without the
/// NUL at the end that Postfix writes.
///
/// The pages (LMDB 0.9, data version 1, of a machine like this one) are read here, in a copy that was made while no
/// writer held Postfix's lock, and with every offset checked. liblmdb trusts its file: a broken page is a wild pointer
/// to it, and a file that somebody truncates is SIGBUS. A file with a broken page is an error.
std::shared_ptr<const TableContent> read_lmdb_table(const std::string& name, const std::string& bytes,
                                                    Problems& problems);

}  // namespace postern::accounts
