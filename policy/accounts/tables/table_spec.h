#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/accounts/lookup.h"
#include "policy/base/problem.h"
#include "policy/base/stream.h"

namespace postern::accounts {

/// A table in Postfix's notation: `texthash:/etc/postfix/virtual`.
struct TableSpec {
  std::string type;
  std::string path;  ///< of a server's table what follows: `inet:127.0.0.1:8891:virtual`
};

/// Takes the notation apart; an unknown type, or none, is an Error without a place.
Result<TableSpec> parse_table_spec(std::string_view text);

/// Whether the path of a table of this type is that of a file.
bool is_file_table(std::string_view type);

/// What a table is, once opened: one of both.
struct Table {
  std::shared_ptr<Source> source;              ///< a file in memory
  std::shared_ptr<const Connector> connector;  ///< a server, to be asked through a pool
};

/// Opens `texthash: hash: btree: regexp: pcre: cdb: lmdb: socketmap: tcp:`, and the `ldap: mysql: pgsql: sqlite:` that a file of
/// Postfix describes. What is wrong is told at `where`, or at its
/// place in the file; nothing then, unless the file is merely not there yet. The interrupt, where there is one, outlives
/// the table.
///
/// hash: and btree: read the text beside the database, from which postmap made it: Berkeley DB itself has a licence
/// (AGPL) that this program could not keep.
Table open_table(const TableSpec& spec, const Place& where, Problems& problems, const Interrupt* interrupt = nullptr);

}  // namespace postern::accounts
