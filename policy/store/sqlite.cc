#include "policy/store/sqlite.h"

#include <sqlite3.h>

namespace postern::store::sqlite {

namespace {

constexpr const char* kSettings =
    "PRAGMA mmap_size=0;"  // a disk that fails under a mapping is a SIGBUS (FAULTS T65)
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA temp_store=MEMORY;";

Status status_of(int code) {
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW: return Status::ok;
    case SQLITE_DONE: return Status::end;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:  // our statements are right: the schema is not
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return Status::corrupt;
  }
  return Status::trouble;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Status Statement::step() { return status_of(sqlite3_step(statement_.get())); }

void Statement::done() { sqlite3_reset(statement_.get()); }

int Statement::changed() const { return sqlite3_changes(sqlite3_db_handle(statement_.get())); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Statement::bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_.get(), at, value); }

void Statement::bind(int at, std::string_view value) {
  const char* data = value.empty() ? "" : value.data();  // a null pointer would be NULL
  sqlite3_bind_blob64(statement_.get(), at, data, value.size(), SQLITE_STATIC);
}

void Connection::Close::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

Status Connection::open(const std::string& path, Mode mode) {
  sqlite3* connection = nullptr;
  const int flags = (mode == Mode::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  connection_.reset(connection);
  if (code != SQLITE_OK) return status_of(code);
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, static_cast<int>(kLockPatience.count()));
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
  return run(kSettings);
}

Status Connection::run(const char* sql) {
  return status_of(sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr));
}

Status Connection::ask(const char* sql, std::int64_t& answer) {
  Statement statement;
  if (const Status status = prepare(sql, statement); status != Status::ok) return status;
  const Status status = statement.step();
  if (status == Status::ok) answer = statement.integer(0);
  return status == Status::end ? Status::corrupt : status;
}

Status Connection::prepare(const char* sql, Statement& statement) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  statement.statement_.reset(prepared);
  return status_of(code);
}

bool Connection::in_transaction() const {
  return connection_ != nullptr && sqlite3_get_autocommit(connection_.get()) == 0;
}

std::string Connection::problem() const {
  if (connection_ == nullptr) return "not open";
  const int code = sqlite3_extended_errcode(connection_.get());
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return "what is in it is not what was written";
  return std::string(sqlite3_errmsg(connection_.get())) + " (" + std::to_string(code) + ")";
}

}  // namespace postern::store::sqlite
