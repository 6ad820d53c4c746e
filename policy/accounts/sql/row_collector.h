#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/accounts/lookup.h"
#include "policy/base/text.h"

namespace postern::accounts {

/// The rows of a reply as a back end reads them, bounded: it takes in what is over the caps once, for the guard to see
/// and to count, and nothing behind it.
class RowCollector {
 public:
  bool full() const { return rows_.size() > kMostRows || bytes_ > kMostRowBytes; }

  void begin_row() {
    if (!full())
      rows_.emplace_back();
    else
      dropping_ = true;
  }
  void field(std::string_view name, std::string_view value) {
    if (dropping_ || rows_.empty()) return;
    bytes_ += name.size() + value.size();
    rows_.back().fields.emplace_back(ascii_lower(name), value.substr(0, kMostRowBytes + 1));
  }

  /// A column without a value is no field. But where it is to say whether somebody may send, saying nothing is no yes: it
  /// is an empty text, which nobody can read.
  void null(std::string_view name) {
    const std::string field_name = ascii_lower(name);
    if (field_name == "active" || field_name == "state" || field_name == "sendable") field(field_name, "");
  }

  /// Found where there was a row, else absent.
  Reply reply() && { return rows_.empty() ? Reply::absent() : Reply::found(std::move(rows_)); }

 private:
  std::vector<Row> rows_;
  std::size_t bytes_ = 0;
  bool dropping_ = false;
};

}  // namespace postern::accounts
