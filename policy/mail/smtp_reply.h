#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/mail/reply.h"

namespace postern::smtp {

constexpr std::size_t kMostReplyLines = 64;    // FAULTS T47
constexpr std::size_t kMostReplyBytes = 8192;  // FAULTS T47
constexpr std::size_t kMostLineBytes = 2048;   // local: RFC 5321 4.5.3.1.5 has 512, which nobody keeps to

/// What an SMTP server said (RFC 5321 4.2). Its text is hostile.
struct ServerReply {
  int code = 0;                    ///< 200-559
  std::vector<std::string> lines;  ///< what stands behind the codes, without CRLF; at least one, may be empty

  bool positive() const { return code / 100 == 2; }
  bool transient() const { return code / 100 == 4; }
  bool permanent() const { return code / 100 == 5; }
  /// Code and text in one line, for the log.
  std::string printable_text() const;
};

/// The enhanced status of a reply (RFC 2034, RFC 3463).
struct EnhancedStatus {
  enum class Form {
    none,
    one,
    contradictory,  ///< lines differ, or the class is not that of the reply: it says nothing
  };
  Form form = Form::none;
  Detail detail{0, 0};
};
/// Reads it from the front of each line; where no line has one, from a `#5.1.1` anywhere, as qmail and others write it.
EnhancedStatus enhanced_status(const ServerReply& reply);

/// Reads one reply from bytes as they come. Strict where leniency lets one text be read as two: each line ends with CRLF
/// and no CR, LF or NUL stands anywhere else; all lines have the same code.
class ReplyReader {
 public:
  enum class State { more, done, broken };
  /// Takes from the front of `bytes` what belongs to the reply; what is left behind a done one is not part of it.
  State take(std::string_view& bytes);
  /// Of done.
  const ServerReply& reply() const { return reply_; }
  /// Of broken; holds nothing that the server said.
  const std::string& problem() const { return problem_; }

 private:
  State take_line();
  State broken(std::string_view why);

  State state_ = State::more;
  std::string line_;
  std::size_t bytes_ = 0;
  ServerReply reply_;
  std::string problem_;
};

}  // namespace postern::smtp
