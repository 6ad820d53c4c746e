#pragma once

#include <atomic>
#include <string>

#include "policy/base/guarded.h"
#include "policy/store/front.h"
#include "policy/store/readers.h"
#include "policy/store/store.h"
#include "policy/store/times.h"
#include "policy/store/writer.h"

namespace postern::store {

/// The store in one SQLite file. Writes are seen at once and are in the file about 20 ms later; those of the last moment
/// outlive the process only where wait() said so. Where the file cannot be used it goes on in memory, bounded, and comes
/// back to the file by itself. The clock and the counters outlive it.
class SqliteStore final : public Store {
 public:
  struct Limits {
    Table::Limits file;  ///< entries: of each space
    Front::Limits memory;
  };
  SqliteStore(const std::string& path, const Limits& limits, const Clock& clock, Counters& counters);

  std::optional<Entry> get(Space space, std::string_view key) override;
  Ticket put(Space space, std::string_view key, std::string_view value, WallTime expires) override;
  Ticket erase(Space space, std::string_view key) override;
  std::int64_t add(Space space, std::string_view key, std::int64_t n, WallTime expires) override;
  std::vector<Listed> list(Space space, std::string_view prefix, std::size_t most) override;
  Ticket last() const override { return front_.last(); }
  bool wait(Ticket ticket, const Deadline& deadline) override { return writer_.wait(ticket, deadline); }
  Health health() const override;
  std::vector<std::string> take_notices() override { return writer_.take_notices(); }

 private:
  template <class Use>
  bool read(Use use);
  std::optional<Entry> ask_file(Space space, std::string_view key);

  const Times times_;
  Counter& refused_;
  Counter& read_failed_;
  Front front_;
  Readers readers_;
  std::atomic<SteadyTime::rep> read_again_{0};  ///< after trouble: when the file is asked again
  Guarded<std::string> read_problem_;
  Writer writer_;
};

}  // namespace postern::store
