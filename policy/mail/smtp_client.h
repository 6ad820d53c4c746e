#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/stream.h"
#include "policy/mail/address.h"
#include "policy/mail/smtp_reply.h"

namespace postern::smtp {

/// How long a client waits.
struct Patience {
  std::chrono::milliseconds command{8000};  ///< for each reply (FAULTS T47)
  SteadyTime until;                         ///< for all of them
};

/// What a command came to.
struct Outcome {
  enum class Kind {
    reply,        ///< the server answered
    timed_out,    ///< it did not in time
    closed,       ///< it hung up, or reset the connection
    failed,       ///< the socket or TLS did
    broken,       ///< what it said is no SMTP, or more than was asked for: the dialogue is out of step
    refused,      ///< nothing was sent: the argument must not be, or the server lacks what it needs
    interrupted,  ///< by the stream's Interrupt
  };
  Kind kind = Kind::failed;
  ServerReply reply;    ///< of reply
  std::string problem;  ///< of all others; holds nothing that the server said

  bool is_reply() const { return kind == Kind::reply; }
  bool positive() const { return is_reply() && reply.positive(); }
};

/// The client's side of an SMTP dialogue (RFC 5321), a command at a time: never pipelined, so that each reply belongs to
/// its command. Sends CRLF alone, and refuses, before a byte leaves, any argument with a CR, LF, NUL or other control
/// byte. After anything but a reply or refused only quit() makes sense. For one thread at a time.
class Client {
 public:
  Client(std::unique_ptr<Stream> stream, const Patience& patience);

  Outcome greeting();
  /// EHLO, and HELO where the server knows none (RFC 5321 3.2): what it offers is known afterwards.
  Outcome hello(const std::string& hostname);
  /// Does the server offer this extension? In capitals.
  bool offers(std::string_view keyword) const;
  /// STARTTLS and, after a 220, the handshake (RFC 3207): hello() must follow, since what was offered is forgotten.
  Outcome start_tls(const TlsContext& context, const std::string& server_name);
  bool is_tls() const { return stream_->is_tls(); }

  /// Nothing is the null reverse-path. `utf8`: some address of the transaction needs SMTPUTF8 (RFC 6531 3.4).
  Outcome mail(const std::optional<Mailbox>& sender, bool utf8);
  Outcome rcpt(const Mailbox& recipient);
  /// DATA and the message, its dots stuffed and its line ends CRLF whichever they are, at most 64 MiB. It is refused
  /// before DATA where it holds a NUL, a line of over 998 bytes, or bytes beyond ASCII that the server does not offer to
  /// take (8BITMIME). `positive()` only where the server has taken it.
  Outcome data(std::string_view message);
  Outcome reset();
  /// Says QUIT and waits a moment for the answer, which nobody needs.
  void quit();

 private:
  Outcome command(std::string_view line, std::chrono::milliseconds patience);
  Outcome command(std::string_view line) { return command(line, patience_.command); }
  Outcome read_reply(SteadyTime until);

  std::unique_ptr<Stream> stream_;
  const Patience patience_;
  std::vector<std::string> offered_;
};

/// Does it need SMTPUTF8? (Its domain is A-labels.)
bool needs_utf8(const Mailbox& mailbox);

}  // namespace postern::smtp
