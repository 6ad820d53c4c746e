#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "policy/base/guarded.h"
#include "policy/base/result.h"
#include "policy/limits/override_table.h"

namespace postern::limits {

/// A file of overrides (OverrideTable::add), one a line, `#` for comments: what single keys may, without a reload. At most
/// kMostOverrides lines and 64 MiB. Thread-safe; find() waits for nobody who reads the file.
class OverrideFile {
 public:
  using Found = Override;

  /// Reads it for the first time; an Error names the line and what is wrong there.
  static Result<std::shared_ptr<OverrideFile>> open(const std::string& path);

  std::optional<Found> find(std::string_view key, std::int64_t unix_time) const;
  /// Reads it again if it is another than the one that was read last: whether that went well. A file that is broken or
  /// gone keeps the old content, and problem() says why.
  bool refresh();
  /// `FILE:LINE: what is wrong` of the file as it was read last; empty where it is fine.
  std::string problem() const;
  std::size_t size() const;

 private:
  explicit OverrideFile(std::string path) : path_(std::move(path)) {}
  std::optional<Error> read();

  const std::string path_;
  std::mutex reading_;
  std::string stamp_;  ///< of the file read last, broken or not; under `reading_`
  std::shared_ptr<const OverrideTable> table_;
  Guarded<std::string> problem_;
};

}  // namespace postern::limits
