#include "policy/accounts/sql/mariadb_backend.h"

#include <fmt/format.h>
#include <mariadb/mysql.h>

#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/accounts/sql/poll_until.h"
#include "policy/accounts/sql/row_collector.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kUsualBytes = 256;  // local: a longer value is fetched apart

struct EndStatement {
  void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};
struct FreeResult {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Statement = std::unique_ptr<MYSQL_STMT, EndStatement>;

// The buffers that the columns of a row are read into.
class Columns {
 public:
  explicit Columns(const MYSQL_RES* result)
      : fields_(mysql_fetch_fields(const_cast<MYSQL_RES*>(result))),
        binds_(mysql_num_fields(const_cast<MYSQL_RES*>(result))),
        cells_(binds_.size()) {
    for (std::size_t i = 0; i < binds_.size(); ++i) {
      binds_[i] = {};
      binds_[i].buffer_type = MYSQL_TYPE_STRING;
      binds_[i].buffer = cells_[i].usual.data();
      binds_[i].buffer_length = cells_[i].usual.size();
      binds_[i].length = &cells_[i].size;
      binds_[i].is_null = &cells_[i].null;
    }
  }
  MYSQL_BIND* binds() { return binds_.data(); }

  void add_to(RowCollector& rows, MYSQL_STMT* statement) {
    rows.begin_row();
    for (std::size_t i = 0; i < binds_.size(); ++i) {
      const Cell& cell = cells_[i];
      const std::string_view name(fields_[i].name, fields_[i].name_length);
      if (cell.null != 0) {
        rows.null(name);
        continue;
      }
      if (cell.size <= kUsualBytes) {
        rows.field(name, std::string_view(cell.usual.data(), cell.size));
        continue;
      }
      std::string whole(std::min<std::size_t>(cell.size, kMostRowBytes + 1), '\0');
      MYSQL_BIND bind = {};
      unsigned long size = 0;
      bind.buffer_type = MYSQL_TYPE_STRING;
      bind.buffer = whole.data();
      bind.buffer_length = whole.size();
      bind.length = &size;
      if (mysql_stmt_fetch_column(statement, &bind, static_cast<unsigned>(i), 0) == 0) rows.field(name, whole);
    }
  }

 private:
  struct Cell {
    std::array<char, kUsualBytes> usual;
    unsigned long size = 0;
    my_bool null = 0;
  };
  const MYSQL_FIELD* fields_;  // the result's
  std::vector<MYSQL_BIND> binds_;
  std::vector<Cell> cells_;
};

class MariadbBackend final : public Backend {
 public:
  explicit MariadbBackend(const SqlSettings& settings) : settings_(settings) { mysql_init(&connection_); }
  ~MariadbBackend() override {
    mysql_close(&connection_);  // first: a statement of a closed connection sends nothing any more
    statements_.clear();
  }
  MariadbBackend(const MariadbBackend&) = delete;
  MariadbBackend& operator=(const MariadbBackend&) = delete;

  // What went wrong; empty when all is well.
  std::string open(const std::string& password, SteadyTime until) {
    set_options();
    const Dsn& dsn = settings_.dsn;
    const auto text = [](const std::string& value) { return value.empty() ? nullptr : value.c_str(); };
    MYSQL* connected = nullptr;
    const bool in_time = run(
        [&] {
          return mysql_real_connect_start(&connected, &connection_, text(dsn.host), text(dsn.user), text(password),
                                          text(dsn.database), dsn.port, text(dsn.socket), 0);
        },
        [&](int ready) { return mysql_real_connect_cont(&connected, &connection_, ready); }, until);
    if (!in_time) return "no answer in time";
    if (connected == nullptr) return mysql_error(&connection_);
    for (const auto& [lookup, query] : settings_.queries) {
      if (std::string problem = prepare(lookup, query, until); !problem.empty()) return problem;
    }
    return {};
  }

  Reply ask(const Question& question, SteadyTime until) override {
    usable_ = false;
    std::vector<std::string> values;
    for (const KeyTemplate& bound : settings_.queries.at(question.lookup).bound) {
      auto value = bound.expand(question);
      if (!value) return Reply::absent();
      values.push_back(std::move(*value));
    }
    MYSQL_STMT* statement = statements_.at(question.lookup).get();
    std::vector<MYSQL_BIND> binds(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      binds[i] = {};
      binds[i].buffer_type = MYSQL_TYPE_STRING;
      binds[i].buffer = values[i].data();
      binds[i].buffer_length = values[i].size();
    }
    if (!binds.empty() && mysql_stmt_bind_param(statement, binds.data()) != 0) return failed(statement);
    int result = 0;
    const bool in_time = run([&] { return mysql_stmt_execute_start(&result, statement); },
                             [&](int ready) { return mysql_stmt_execute_cont(&result, statement, ready); }, until);
    if (!in_time) return Reply::failed("no answer in time");
    if (result != 0) return failed(statement);
    return read_rows(statement, until);
  }
  bool usable() const override { return usable_; }

 private:
  void set_options() {
    const unsigned off = 0;
    mysql_options(&connection_, MYSQL_OPT_NONBLOCK, nullptr);
    mysql_options(&connection_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(&connection_, MYSQL_OPT_LOCAL_INFILE, &off);  // else a server may ask for our files
    // Of MariaDB alone; MySQL has another word for it.
    const std::string limit =
        fmt::format("set @postern = 1 /*M!100100 , session max_statement_time = {}.{:03} */",
                    settings_.statement_timeout.count() / 1000, settings_.statement_timeout.count() % 1000);
    mysql_options(&connection_, MYSQL_INIT_COMMAND, limit.c_str());
    if (settings_.dsn.ca_file.empty()) return;
    const my_bool on = 1;
    mysql_options(&connection_, MYSQL_OPT_SSL_CA, settings_.dsn.ca_file.c_str());
    mysql_options(&connection_, MYSQL_OPT_SSL_ENFORCE, &on);
    mysql_options(&connection_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
  }

  std::string prepare(Lookup lookup, const SqlText& query, SteadyTime until) {
    Statement statement(mysql_stmt_init(&connection_));
    if (!statement) return "no memory";
    int result = 0;
    const bool in_time = run(
        [&] {
          return mysql_stmt_prepare_start(&result, statement.get(), query.text.data(),
                                          static_cast<unsigned long>(query.text.size()));
        },
        [&](int ready) { return mysql_stmt_prepare_cont(&result, statement.get(), ready); }, until);
    std::string problem;
    if (!in_time)
      problem = "no answer in time";
    else if (result != 0)
      problem = mysql_stmt_error(statement.get());
    else if (mysql_stmt_param_count(statement.get()) != query.bound.size())
      problem = "the server counts other parameters in the query";
    statements_[lookup] = std::move(statement);  // ends behind the connection in any case
    return problem;
  }

  Reply read_rows(MYSQL_STMT* statement, SteadyTime until) {
    const std::unique_ptr<MYSQL_RES, FreeResult> shape(mysql_stmt_result_metadata(statement));
    if (!shape) return Reply::failed("the query answers nothing");
    Columns columns(shape.get());
    if (mysql_stmt_bind_result(statement, columns.binds()) != 0) return failed(statement);
    RowCollector rows;
    for (;;) {
      int result = 0;
      const bool in_time = run([&] { return mysql_stmt_fetch_start(&result, statement); },
                               [&](int ready) { return mysql_stmt_fetch_cont(&result, statement, ready); }, until);
      if (!in_time) return Reply::failed("no answer in time");
      if (result == MYSQL_NO_DATA) break;
      if (result != 0 && result != MYSQL_DATA_TRUNCATED) return failed(statement);
      if (!rows.full()) columns.add_to(rows, statement);
    }
    mysql_stmt_free_result(statement);  // at its end: waits for nothing
    return std::move(rows).reply();
  }

  Reply failed(MYSQL_STMT* statement) {
    // Class 22, data exception: what the key is cannot be made into what it is compared with.
    usable_ = std::string_view(mysql_stmt_sqlstate(statement)).starts_with("22");
    if (usable_) mysql_stmt_free_result(statement);
    const std::string problem = mysql_stmt_error(statement);
    return Reply::failed(problem.empty() ? "the server ended the query" : problem);
  }

  // One operation to its end; false when `until` comes first. Then the connection is of no use any more.
  template <class Start, class Continue>
  bool run(Start start, Continue go_on, SteadyTime until) {
    int wanted = start();
    while (wanted != 0) {
      const Readiness ready = poll_until(
          mysql_get_socket(&connection_),
          {.read = (wanted & (MYSQL_WAIT_READ | MYSQL_WAIT_EXCEPT)) != 0, .write = (wanted & MYSQL_WAIT_WRITE) != 0},
          until);
      if (!ready.any()) return false;
      wanted = go_on((ready.read ? MYSQL_WAIT_READ : 0) | (ready.write ? MYSQL_WAIT_WRITE : 0));
    }
    return true;
  }

  const SqlSettings& settings_;
  MYSQL connection_ = {};
  std::map<Lookup, Statement> statements_;
  bool usable_ = false;
};

}  // namespace

Result<std::unique_ptr<Backend>> connect_mariadb(const SqlSettings& settings, const std::string& password,
                                                 SteadyTime until) {
  auto backend = std::make_unique<MariadbBackend>(settings);
  std::string problem = backend->open(password, until);
  if (!problem.empty()) return Error{std::move(problem), {}};
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace postern::accounts
