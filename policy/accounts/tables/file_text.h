#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "policy/base/result.h"

namespace postern::accounts {

/// What tells one state of a file from another: device, inode, size, and time of its last change. Equal to nothing but
/// itself; `none` where there is no file.
struct FileStamp {
  std::string text = "none";
  bool fresh = false;  ///< changed within the last second or so: somebody may still be writing

  friend bool operator==(const FileStamp& a, const FileStamp& b) { return a.text == b.text; }
};
FileStamp stamp_of(const std::string& path);

/// Why a file was not read.
struct FileTrouble {
  std::string why;       ///< "No such file or directory", without the path
  bool missing = false;  ///< it is not there
  bool busy = false;     ///< somebody holds a lock on it for writing
};

/// The whole of a regular file of at most `most_bytes`, copied: who truncates it later does not hurt us, as a mapping
/// would (SIGBUS). Nothing, and `trouble`, where that fails. A writer that locks, as postmap(1) does, is not waited for.
std::optional<std::string> read_whole(const std::string& path, std::size_t most_bytes, FileTrouble& trouble);

}  // namespace postern::accounts
