#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// SQLite for the store: this is its door. Neither class is thread-safe.
namespace postern::store::sqlite {

enum class Status {
  ok,       ///< a row is there, or all is done
  end,      ///< no further row
  corrupt,  ///< the file is not what it should be
  trouble,  ///< it cannot be read or written now: a full disk, a lock, a right that is missing
};

enum class Mode { read, write };

/// One prepared statement. Its connection outlives it.
class Statement {
 public:
  Statement() = default;

  /// Begins anew with these values: integers and bytes, which stay valid until done() or the next start().
  template <class... Value>
  void start(const Value&... values) {
    done();
    int at = 0;
    (bind(++at, values), ...);
  }
  /// `ok` with a row, or `end`.
  Status step();
  /// Lets go of what it read; ends the read transaction that it was.
  void done();
  /// All of it, where no row is asked for.
  template <class... Value>
  Status run(const Value&... values) {
    start(values...);
    Status status = step();
    while (status == Status::ok) status = step();
    done();
    return status == Status::end ? Status::ok : status;
  }

  /// How many rows the last statement of this connection wrote or deleted.
  int changed() const;
  std::int64_t integer(int column) const;
  /// Valid until the next step().
  std::string_view bytes(int column) const;

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  void bind(int at, std::int64_t value);
  void bind(int at, std::string_view value);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection to a data base file. Maps nothing into memory but the index of the log that SQLite's readers share,
/// believes no schema that it reads, and waits for locks of others at most `kLockPatience`.
class Connection {
 public:
  static constexpr std::chrono::milliseconds kLockPatience{500};  // local

  Connection() = default;
  /// Opens a file that exists.
  Status open(const std::string& path, Mode mode);
  void close() { connection_.reset(); }
  bool is_open() const { return connection_ != nullptr; }

  /// A statement of the program's own, without values.
  Status run(const char* sql);
  /// The first column of the first row of such a statement.
  Status ask(const char* sql, std::int64_t& answer);
  Status prepare(const char* sql, Statement& statement);
  bool in_transaction() const;
  /// What SQLite says of the last call; where it found nothing wrong, we did.
  std::string problem() const;

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };

  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace postern::store::sqlite
