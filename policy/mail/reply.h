#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// Subject and detail of an enhanced status code (RFC 3463). The class digit is never stored: it is that of the reply
/// code.
struct Detail {
  std::uint16_t subject = 7;
  std::uint16_t detail = 1;
  friend bool operator==(const Detail&, const Detail&) = default;
};

/// What an outcome table or a rule says a refusal should be; `code` 0 means "none of its own".
struct ReplyText {
  int code = 0;
  Detail status{};
  std::string_view text{};
};

/// Whether the client shall try again.
enum class ReplyClass { tempfail = 4, permfail = 5 };

/// A refusal as SMTP speaks it. Code, class, enhanced status and text cannot disagree: there is no other way to make
/// one.
class Reply {
 public:
  /// `code` is 400-599; where its class differs from `reply_class` it becomes the equivalent of that class: 550 -> 450,
  /// 451 -> 550, 452 -> 552, 556 -> 450 …, and any other 4yz/5yz by its first digit. 421 stays for tempfail alone.
  /// `text` may be hostile: what is not printable ASCII becomes '?', and it is cut to 10 lines of at most 480 bytes.
  static Reply make(ReplyClass reply_class, int code, Detail status, std::string_view text);

  ReplyClass reply_class() const { return class_; }
  int code() const { return code_; }
  /// "550".
  std::string code_text() const;
  /// "5.7.1", the class digit that of the code.
  std::string status_text() const;
  /// Without code and status; at least one, none empty, '%' not doubled.
  const std::vector<std::string>& lines() const { return lines_; }
  /// All lines joined by a blank.
  std::string text() const;
  Detail status() const { return status_; }
  /// The same with ` (id)` behind the last line.
  Reply with_id(std::string_view id) const;

  friend bool operator==(const Reply&, const Reply&) = default;

 private:
  Reply() = default;

  ReplyClass class_ = ReplyClass::tempfail;
  int code_ = 451;
  Detail status_{};
  std::vector<std::string> lines_;
};

}  // namespace postern
