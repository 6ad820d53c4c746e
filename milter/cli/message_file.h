#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/base/result.h"
#include "policy/mail/facts.h"

namespace postern::cli {

/// A message as an MTA would show it to us: field values with their leading space and `\n` folds, the body with CRLF.
struct MessageFile {
  std::vector<HeaderField> headers;
  std::string body;

  /// The value of the first field of that name, unfolded; nothing without one.
  std::optional<std::string> first(std::string_view name) const;
};

/// Takes LF and CRLF; a "From " line of an mbox is left out; a line that is no field ends the header.
MessageFile parse_message(std::string_view text);

/// Reads a file of at most 100 MB, "-" is standard input.
Result<MessageFile> read_message(const std::string& path);

}  // namespace postern::cli
