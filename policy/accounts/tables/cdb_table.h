#pragma once

#include <memory>
#include <string>

#include "policy/accounts/tables/file_table.h"

namespace postern::accounts {

/// Reads a file that `postmap cdb:` made. Keys without regard to case, with and without the NUL at the end that some
/// versions write.
///
/// The format (cr.yp.to/cdb/cdb.txt) is read here, in a copy of the file and with every offset checked, not by libcdb in
/// a mapping: that dies of SIGBUS when somebody copies another file over the one that is mapped. A table that is no cdb
/// is an error; broken offsets that a lookup meets are a failed reply.
std::shared_ptr<const TableContent> read_cdb_table(const std::string& name, const std::string& bytes,
                                                   Problems& problems);

}  // namespace postern::accounts
