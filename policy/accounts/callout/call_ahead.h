#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/accounts/callout/callout.h"

namespace postern::callout {

/// A server that is asked, as a configuration names it.
struct AheadServer {
  std::variant<Domain, IpAddress> host;
  std::uint16_t port = 25;
  /// `smtp://mail.example.net`, `smtp://mail.example.net:2525`, `smtp://[192.0.2.1]:25`, `smtp://[2001:db8::1]`.
  static std::optional<AheadServer> parse(std::string_view url);
  std::string text() const;
};

struct CallAheadOptions {
  std::string hostname;              ///< said in EHLO
  std::vector<AheadServer> servers;  ///< in this order the first that answers is asked; may be private addresses
  std::optional<Mailbox> sender;     ///< in MAIL FROM; the null reverse-path unless set
  std::chrono::milliseconds soft{8000};
  /// local: the server is near and ours, and who retries after it came back must not wait (FAULTS T47).
  DialogueTimes times{std::chrono::milliseconds(5000), std::chrono::milliseconds(8000),
                      std::chrono::milliseconds(15000)};
  /// local: a mailbox made or deleted today is seen today; milter-ahead's 7 d and 25 h are for a server far away.
  std::chrono::seconds exists = std::chrono::hours(4);
  std::chrono::seconds refresh = std::chrono::hours(1);
  std::chrono::seconds missing = std::chrono::minutes(5);
  std::chrono::seconds accept_all = std::chrono::hours(1);
  std::chrono::seconds temporary = std::chrono::seconds(5);
  std::size_t connections = 4;               ///< at one time to one server
  std::size_t connections_per_minute = 600;  ///< to one server
  std::size_t threads = 4;
  std::size_t queue = 256;
};

/// Asks the server that mail will go to whether it takes a recipient, before we do (call-ahead). The same engine as
/// Callout, towards hosts that an administrator named: these may be private, and need not be spared as foreign ones.
/// accept_all says that the server takes any recipient ("blind"). Thread-safe.
class CallAhead {
 public:
  CallAhead(const CallAheadOptions& options, const Services& services, Dial dialer = dial);
  ~CallAhead();

  /// As Callout::verify().
  Verdict verify(const Mailbox& recipient, const Deadline& deadline);
  Health health() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::callout
