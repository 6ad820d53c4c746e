#include "policy/accounts/sql/sqlite_backend.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <map>
#include <optional>
#include <utility>

#include "policy/accounts/sql/poll_until.h"
#include "policy/accounts/sql/row_collector.h"

namespace postern::accounts {

namespace {

constexpr int kStepsBetweenLooks = 1000;  // local: of the machine of SQLite, well under a millisecond

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct EndStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// Which file it is, whatever its name becomes.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

std::optional<FileId> file_id(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileId{status.st_dev, status.st_ino};
}

class SqliteBackend final : public Backend {
 public:
  explicit SqliteBackend(const SqlSettings& settings) : settings_(settings) {}

  // What went wrong; empty when all is well.
  std::string open(SteadyTime until) {
    const auto file = file_id(settings_.dsn.path);
    if (!file) return "there is no such file";
    file_ = *file;
    sqlite3* opened = nullptr;
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int result = sqlite3_open_v2(settings_.dsn.path.c_str(), &opened, flags, nullptr);
    database_.reset(opened);
    if (result != SQLITE_OK) return sqlite3_errstr(result);
    begin(until);
    for (const auto& [lookup, query] : settings_.queries) {
      sqlite3_stmt* statement = nullptr;
      const int prepared = sqlite3_prepare_v3(database_.get(), query.text.data(), static_cast<int>(query.text.size()),
                                              SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
      statements_[lookup].reset(statement);
      if (prepared != SQLITE_OK) return problem();
      if (sqlite3_stmt_readonly(statement) == 0) return "a query that changes something";
    }
    return {};
  }

  Reply ask(const Question& question, SteadyTime until) override {
    usable_ = false;
    if (file_id(settings_.dsn.path) != file_) return Reply::failed("the file is another one now");
    sqlite3_stmt* statement = statements_.at(question.lookup).get();
    const auto& bound = settings_.queries.at(question.lookup).bound;
    for (std::size_t i = 0; i < bound.size(); ++i) {
      const auto value = bound[i].expand(question);
      if (!value) return Reply::absent();
      sqlite3_bind_text64(statement, static_cast<int>(i + 1), value->data(), value->size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8);
    }
    begin(until);
    RowCollector rows;
    int result = sqlite3_step(statement);
    for (; result == SQLITE_ROW && !rows.full(); result = sqlite3_step(statement)) add(rows, statement);
    const bool found = result == SQLITE_ROW || result == SQLITE_DONE;
    Reply reply = found ? std::move(rows).reply() : Reply::failed(problem());
    usable_ = true;  // there is no connection that could have died
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return reply;
  }
  bool usable() const override { return usable_; }

 private:
  void begin(SteadyTime until) {
    until_ = until;
    sqlite3_busy_timeout(database_.get(), milliseconds_until(until));
    sqlite3_progress_handler(
        database_.get(), kStepsBetweenLooks,
        [](void* self) {
          return std::chrono::steady_clock::now() >= static_cast<SqliteBackend*>(self)->until_ ? 1 : 0;
        },
        this);
  }

  static void add(RowCollector& rows, sqlite3_stmt* statement) {
    rows.begin_row();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) {
      const char* known = sqlite3_column_name(statement, i);
      const std::string_view name = known != nullptr ? known : "";
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
      if (text != nullptr)
        rows.field(name, std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, i))));
      else
        rows.null(name);
    }
  }

  std::string problem() const { return sqlite3_errmsg(database_.get()); }

  const SqlSettings& settings_;
  FileId file_;
  SteadyTime until_;
  bool usable_ = false;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::map<Lookup, std::unique_ptr<sqlite3_stmt, EndStatement>> statements_;  // end before the database
};

}  // namespace

Result<std::unique_ptr<Backend>> open_sqlite(const SqlSettings& settings, SteadyTime until) {
  auto backend = std::make_unique<SqliteBackend>(settings);
  std::string problem = backend->open(until);
  if (!problem.empty()) return Error{std::move(problem), {}};
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace postern::accounts
