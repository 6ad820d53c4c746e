#include "policy/store/schema.h"

#include <array>
#include <string>

namespace postern::store::schema {

namespace {

using sqlite::Connection;
using sqlite::Statement;
using sqlite::Status;

// Times are milliseconds since 1970; `mark` is a SipHash of the whole row: SQLite notices what is wrong with its own
// pages, not what is wrong with our bytes in them.
constexpr std::array<const char*, 3> kTables{
    "CREATE TABLE entry (space INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, expires INTEGER NOT NULL, "
    "mark INTEGER NOT NULL, PRIMARY KEY (space, key)) WITHOUT ROWID",
    "CREATE TABLE synced (n INTEGER NOT NULL)",
    "CREATE INDEX entry_expires ON entry (space, expires)",
};

/// Exactly our tables, and nothing beside them that could run.
Status has_our_tables(Connection& connection, bool& ours) {
  Statement tables;
  Status status =
      connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name", tables);
  std::size_t found = 0;
  ours = true;
  while (status == Status::ok && (status = tables.step()) == Status::ok) {
    ours = ours && found < kTables.size() && tables.bytes(0) == kTables[found];
    ++found;
  }
  ours = ours && found == kTables.size();
  return status == Status::end ? Status::ok : status;
}

Found unclear(Status status) { return status == Status::corrupt ? Found::foreign : Found::trouble; }

}  // namespace

Found look(Connection& connection) {
  std::int64_t tables = 0;
  std::int64_t application = 0;
  std::int64_t version = 0;
  Status status = connection.ask("SELECT count(*) FROM sqlite_schema", tables);
  if (status == Status::ok) status = connection.ask("PRAGMA application_id", application);
  if (status == Status::ok) status = connection.ask("PRAGMA user_version", version);
  if (status != Status::ok) return unclear(status);
  if (tables == 0 && application == 0 && version == 0) return Found::empty;
  if (application != kApplication || version < 1) return Found::foreign;
  if (version > kVersion) return Found::newer;
  bool ours = false;
  status = has_our_tables(connection, ours);
  if (status != Status::ok) return unclear(status);
  return ours ? Found::ours : Found::foreign;
}

Status make(Connection& connection) {
  // Both before the first table; neither is allowed in a transaction.
  Status status = connection.run("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; BEGIN IMMEDIATE;");
  for (const char* table : kTables) {
    if (status == Status::ok) status = connection.run(table);
  }
  const std::string rest = "INSERT INTO synced VALUES (0); PRAGMA application_id=" + std::to_string(kApplication) +
                           "; PRAGMA user_version=" + std::to_string(kVersion) + "; COMMIT;";
  return status == Status::ok ? connection.run(rest.c_str()) : status;
}

Status prepare_to_write(Connection& connection) {
  return connection.run(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000;"
      "PRAGMA journal_size_limit=33554432; PRAGMA cache_size=-8192;");
}

}  // namespace postern::store::schema
