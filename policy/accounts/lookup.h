#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/deadline.h"
#include "policy/base/result.h"

namespace postern::accounts {

/// Which of a back end's lookups is wanted. A back end may lack one.
enum class Lookup {
  login,    ///< the key is a login, as SASL gave it: whose account is it, and which addresses are its own?
  address,  ///< the key is `local@domain`: whose is it, does it take mail, where does it lead?
  value,    ///< the key is a table's: its value alone
};

/// What is asked. The key is UTF-8 from the wire: hostile, at most kMostKeyBytes, without NUL. Back ends bind it, or
/// escape it in the way of their protocol; they never paste it.
struct Question {
  Lookup lookup = Lookup::value;
  std::string key;
  friend auto operator<=>(const Question&, const Question&) = default;

  /// The part before the last `@`, and behind it; of a key without one the whole, and nothing.
  std::string_view local() const;
  std::string_view domain() const;
};

constexpr std::size_t kMostKeyBytes = 512;      // local: RFC 5321 4.5.3.1 has 254 for a path
constexpr std::size_t kMostRows = 1000;         // local: what is over it is left out and counted
constexpr std::size_t kMostRowBytes = 1 << 20;  // local: of all rows of a reply together

/// One row, entry or value: fields by name (lower case), in the order of the back end; a name may stand several times
/// (LDAP). A table's value is the field "value".
struct Row {
  std::vector<std::pair<std::string, std::string>> fields;
};

struct Reply {
  enum class Status { found, absent, failed };
  Status status = Status::failed;
  std::vector<Row> rows;  ///< of found; may be one row without a field
  std::string problem;    ///< of failed: why, for the log; never holds a secret; may hold hostile text
  bool late = false;      ///< failed only since the caller's time was over: the lookup goes on and fills the cache
  bool stale = false;     ///< found or absent once, past its age, given since no new answer was to be had
  std::chrono::seconds age{0};  ///< of an answer from the cache

  static Reply found(std::vector<Row> rows) { return {Status::found, std::move(rows), {}, false, false, {}}; }
  static Reply value(std::string text) { return found({Row{{{"value", std::move(text)}}}}); }
  static Reply absent() { return {Status::absent, {}, {}, false, false, {}}; }
  static Reply failed(std::string why) { return {Status::failed, {}, std::move(why), false, false, {}}; }
};

/// One connection to a back end, used by one thread at a time. Blocks, but no longer than `until`: what is not there by
/// then is failed. After a failed reply it is thrown away and made anew, unless it is usable(). Never throws.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Reply ask(const Question& question, SteadyTime until) = 0;
  /// After a failed reply: the back end answers, and only not this question. The connection is as good as before, and
  /// the failure says nothing of other questions: strangers choose the keys, and must not open the breaker with them.
  virtual bool usable() const { return false; }
};

/// How connections to a back end are made. Thread-safe, immutable.
class Connector {
 public:
  virtual ~Connector() = default;
  /// Connects, logs in, and prepares; no longer than `until`. The Error says what went wrong, without secrets.
  virtual Result<std::unique_ptr<Backend>> connect(SteadyTime until) const = 0;
  /// Does the back end have this lookup?
  virtual bool has(Lookup lookup) const = 0;
  /// What is connected to, for the log: "postgresql on db.example", never a password.
  virtual std::string describe() const = 0;
};

/// Where replies come from, for any number of threads: a file in memory, or a pool of connections behind a cache.
class Source {
 public:
  virtual ~Source() = default;
  virtual Reply find(const Question& question, const Deadline& deadline) = 0;
  virtual bool has(Lookup lookup) const = 0;
  /// Why it can not be asked at the moment; empty while it can. May hold hostile text, no secret.
  virtual std::string trouble() const { return {}; }
  /// Reads files again that have changed. What is wrong with one keeps the old content and is answered.
  virtual std::vector<std::string> refresh() { return {}; }
};

}  // namespace postern::accounts
