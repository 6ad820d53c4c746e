#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/base/problem.h"
#include "policy/rules/list_entries.h"

namespace postern::rules {

/// The entries of a file, one a line, `#` for comments. Read again by refresh() when the file has changed.
class FileEntries {
 public:
  explicit FileEntries(std::string path) : path_(std::move(path)) {}

  /// Reads the file for the first time. A broken line is an error; a file that is not there is a warning, and current()
  /// is then null.
  void load(const Place& where, Problems& problems);
  /// Reads it again if it is another than the one read last. What is wrong with it keeps the old content and is
  /// answered.
  std::vector<std::string> refresh();
  /// Null while the file could never be read. Thread-safe.
  std::shared_ptr<const ListEntries> current() const { return std::atomic_load(&entries_); }

 private:
  struct Read {
    std::shared_ptr<const ListEntries> entries;
    std::string trouble;
    bool missing = false;
  };
  Read read();

  std::string path_;
  std::shared_ptr<const ListEntries> entries_;
  std::string stamp_;  ///< of the file read last, broken or not
};

}  // namespace postern::rules
