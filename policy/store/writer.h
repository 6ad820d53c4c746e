#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/store/file.h"
#include "policy/store/front.h"
#include "policy/store/readers.h"
#include "policy/store/rows.h"
#include "policy/store/times.h"

namespace postern::store {

/// The one thread that writes the file ("postern-store"): in batches what is unwritten, and between them it deletes what
/// has expired, makes room, counts and proves what is there, a slice at a time. A file that turns out broken it moves
/// aside, and begins another; where it cannot write it tries again every second. Thread-safe.
class Writer {
 public:
  /// Opens the file. Everything given outlives this.
  Writer(std::string path, const Table::Limits& limits, Front& front, Readers& readers, const Times& times,
         const Clock& clock, Counters& counters);
  /// Writes what is unwritten, where it can.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// There is something unwritten.
  void stir();
  bool wait(Ticket ticket, const Deadline& deadline);
  /// The file of that number (Readers::files) was read and is broken.
  void distrust(std::uint64_t file, std::string_view why);

  struct State {
    std::string problem;
    std::string notice;
    std::size_t entries = 0;
  };
  State state() const;
  std::vector<std::string> take_notices();

 private:
  void run();
  bool sleep();
  bool open();
  sqlite::Status work();
  sqlite::Status write();
  sqlite::Status synchronize(bool each_commit);
  sqlite::Status write_some(const Front::Unwritten* begin, const Front::Unwritten* end);
  sqlite::Status tend();
  sqlite::Status begin_anew();
  sqlite::Status commit(sqlite::Status status);
  void pass_judgement(sqlite::Status status);
  void replace(std::string_view why);
  void fail(const std::string& problem);
  void tell(std::string notice);

  const std::string path_;
  Front& front_;
  Readers& readers_;
  const Times& times_;
  const Clock& clock_;
  Counter &evicted_, &write_failed_, &replaced_;

  // Of the thread alone.
  sqlite::Connection connection_;
  Rows rows_;
  file::Identity identity_;
  SteadyTime tend_at_{};
  SteadyTime survey_at_{};
  SteadyTime replaced_at_{};
  bool more_room_ = false;

  std::atomic<bool> some_told_{false};   ///< something is unwritten …
  std::atomic<bool> batch_told_{false};  ///< … and enough of it
  std::atomic<std::size_t> entries_{0};

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, changed_;
  bool ending_ = false;
  Ticket wanted_ = 0;
  Ticket durable_ = 0;
  std::string distrusted_;
  std::string problem_;
  std::string notice_;
  std::vector<std::string> notices_;

  std::thread thread_;
};

}  // namespace postern::store
