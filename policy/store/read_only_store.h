#pragma once

#include <mutex>
#include <string>

#include "policy/base/counters.h"
#include "policy/store/reader.h"
#include "policy/store/store.h"

namespace postern::store {

/// A file that another process writes, to look at: open_read_only(). The clock outlives it.
class ReadOnlyStore final : public Store {
 public:
  ReadOnlyStore(const std::string& path, const Clock& clock, Counters& counters);

  /// Why the file cannot be read; empty where it can.
  std::string problem();

  std::optional<Entry> get(Space space, std::string_view key) override;
  Ticket put(Space space, std::string_view key, std::string_view value, WallTime expires) override;
  Ticket erase(Space space, std::string_view key) override;
  std::int64_t add(Space space, std::string_view key, std::int64_t n, WallTime expires) override;
  std::vector<Listed> list(Space space, std::string_view prefix, std::size_t most) override;
  Ticket last() const override { return 0; }
  bool wait(Ticket ticket, const Deadline&) override { return ticket == 0; }
  Health health() const override;

 private:
  void note(sqlite::Status status);

  const Clock& clock_;
  Counter& refused_;
  mutable std::mutex mutex_;  // guards what follows
  Reader reader_;
  std::string problem_;
};

}  // namespace postern::store
