#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "policy/store/reader.h"

namespace postern::store {

/// A few readers that threads borrow. Thread-safe.
class Readers {
 public:
  Readers(std::string path, std::size_t most) : path_(std::move(path)), most_(most) {}

  struct Read {
    sqlite::Status status = sqlite::Status::trouble;
    std::string problem;        ///< of corrupt and trouble
    std::uint64_t of_file = 0;  ///< which file it is about: files() as it was
  };
  /// Borrows a reader for `use(Reader&)`, which answers a Status. Where all stay lent for a second: trouble.
  template <class Use>
  Read read(Use use) {
    Lent lent = borrow();
    if (lent.reader == nullptr) return {sqlite::Status::trouble, "all readers are busy", lent.of_file};
    Read read;
    read.of_file = lent.of_file;
    read.status = use(*lent.reader);
    if (read.status == sqlite::Status::corrupt || read.status == sqlite::Status::trouble)
      read.problem = lent.reader->problem();
    give_back(std::move(lent));
    return read;
  }
  /// There is another file from now on.
  void forget();
  /// Counts the files that there have been.
  std::uint64_t files() const;

 private:
  struct Lent {
    std::unique_ptr<Reader> reader;
    std::uint64_t of_file = 0;
  };
  Lent borrow();
  void give_back(Lent lent);

  const std::string path_;
  const std::size_t most_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Reader>> idle_;
  std::size_t lent_ = 0;
  std::uint64_t files_ = 1;
};

}  // namespace postern::store
