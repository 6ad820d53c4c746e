#include "policy/accounts/sql/postgresql_backend.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/accounts/sql/poll_until.h"
#include "policy/accounts/sql/row_collector.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::string_view kTooSlow = "no answer in time";

struct CloseConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;

std::string statement_name(Lookup lookup) { return fmt::format("postern_{}", static_cast<int>(lookup)); }

// The first line of what libpq says: the others are hints, and quote the query.
std::string first_line(const char* text) {
  const std::string_view line = trim(text == nullptr ? "" : text);
  return std::string(line.substr(0, line.find('\n')));
}

class PostgresqlBackend final : public Backend {
 public:
  explicit PostgresqlBackend(const SqlSettings& settings) : settings_(settings) {}

  // What went wrong; empty when all is well.
  std::string open(const std::string& password, SteadyTime until) {
    if (std::string problem = connect(password, until); !problem.empty()) return problem;
    PQsetnonblocking(connection_.get(), 1);
    const std::string limit = fmt::format("set statement_timeout = {}", settings_.statement_timeout.count());
    if (PQsendQuery(connection_.get(), limit.c_str()) != 1) return said();
    if (const Reply set = finish(until); set.status == Reply::Status::failed) return set.problem;
    for (const auto& [lookup, query] : settings_.queries) {
      const std::string name = statement_name(lookup);
      if (PQsendPrepare(connection_.get(), name.c_str(), query.text.c_str(), 0, nullptr) != 1) return said();
      if (const Reply prepared = finish(until); prepared.status == Reply::Status::failed) return prepared.problem;
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
    std::vector<const char*> pointers;
    for (const std::string& value : values) pointers.push_back(value.c_str());
    PGconn* connection = connection_.get();
    if (PQsendQueryPrepared(connection, statement_name(question.lookup).c_str(), static_cast<int>(values.size()),
                            pointers.data(), nullptr, nullptr, 0) != 1)
      return Reply::failed(said());
    PQsetSingleRowMode(connection);
    return finish(until);
  }
  bool usable() const override { return usable_; }

 private:
  std::string connect(const std::string& password, SteadyTime until) {
    // What stands before dbname may be said otherwise by it. GSS would wait for a Kerberos server without a deadline.
    std::array<const char*, 6> names{"gssencmode", "dbname", "client_encoding", "fallback_application_name"};
    std::array<const char*, 6> values{"disable", settings_.dsn.uri.c_str(), "UTF8", "postern"};
    if (!password.empty()) {
      names[4] = "password";
      values[4] = password.c_str();
    }
    connection_.reset(PQconnectStartParams(names.data(), values.data(), 1));
    if (!connection_) return "no memory";
    // Before the first poll it counts as waiting for writing (libpq 34.1, PQconnectPoll).
    for (PostgresPollingStatusType wanted = PGRES_POLLING_WRITING; PQstatus(connection_.get()) != CONNECTION_BAD;) {
      const Readiness ready =
          poll_until(PQsocket(connection_.get()),
                     {.read = wanted == PGRES_POLLING_READING, .write = wanted == PGRES_POLLING_WRITING}, until);
      if (!ready.any()) return std::string(kTooSlow);
      wanted = PQconnectPoll(connection_.get());
      if (wanted == PGRES_POLLING_OK) return {};
      if (wanted == PGRES_POLLING_FAILED) break;
    }
    return said();
  }

  // Sends what is still to be sent, and reads to the end of the answer.
  Reply finish(SteadyTime until) {
    RowCollector rows;
    std::string problem;
    for (;;) {
      if (!await_result(until)) return Reply::failed(broken_ ? said() : std::string(kTooSlow));
      const ResultPtr result(PQgetResult(connection_.get()));
      if (!result) break;
      switch (PQresultStatus(result.get())) {
        case PGRES_SINGLE_TUPLE: add(rows, result.get()); break;
        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
        case PGRES_EMPTY_QUERY: break;
        default:
          problem = first_line(PQresultErrorMessage(result.get()));
          usable_ = is_of_the_question(PQresultErrorField(result.get(), PG_DIAG_SQLSTATE));
          if (problem.empty()) problem = "the server ended the query";
      }
    }
    if (!problem.empty()) {
      usable_ = usable_ && PQstatus(connection_.get()) == CONNECTION_OK;
      return Reply::failed(std::move(problem));
    }
    return std::move(rows).reply();
  }

  bool await_result(SteadyTime until) {
    PGconn* connection = connection_.get();
    for (;;) {
      const int unsent = PQflush(connection);
      if (unsent < 0) return broken_ = true, false;
      if (unsent == 0 && PQisBusy(connection) == 0) return true;
      const Readiness ready = poll_until(PQsocket(connection), {.read = true, .write = unsent > 0}, until);
      if (!ready.any()) return false;
      if (ready.read && PQconsumeInput(connection) != 1) return broken_ = true, false;
    }
  }

  // Class 22, data exception: what the key is cannot be made into what it is compared with.
  static bool is_of_the_question(const char* state) {
    return state != nullptr && std::string_view(state).starts_with("22");
  }

  static void add(RowCollector& rows, const PGresult* result) {
    for (int row = 0; row < PQntuples(result); ++row) {
      rows.begin_row();
      for (int column = 0; column < PQnfields(result); ++column) {
        const std::string_view name = PQfname(result, column);
        const auto size = static_cast<std::size_t>(PQgetlength(result, row, column));
        if (PQgetisnull(result, row, column) == 0)
          rows.field(name, std::string_view(PQgetvalue(result, row, column), size));
        else
          rows.null(name);
      }
    }
  }

  std::string said() const {
    std::string line = first_line(PQerrorMessage(connection_.get()));
    return line.empty() ? "the connection failed" : line;
  }

  const SqlSettings& settings_;
  std::unique_ptr<PGconn, CloseConnection> connection_;
  bool usable_ = false;
  bool broken_ = false;
};

}  // namespace

Result<std::unique_ptr<Backend>> connect_postgresql(const SqlSettings& settings, const std::string& password,
                                                    SteadyTime until) {
  auto backend = std::make_unique<PostgresqlBackend>(settings);
  std::string problem = backend->open(password, until);
  if (!problem.empty()) return Error{std::move(problem), {}};
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace postern::accounts
