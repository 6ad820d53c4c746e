#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/tls_server.h"

namespace postern::test {

/// What a server does at one point of the dialogue: bytes as they are, and what follows.
struct Say {
  enum class Then { go_on, close, reset };
  Say(const char* text) : Say(std::string(text)) {}  // NOLINT: a reply is a text
  Say(std::string text) : bytes(std::move(text)) {}  // NOLINT
  Say(std::string text, Then next) : bytes(std::move(text)), then(next) {}

  Say& after(std::chrono::milliseconds time) { return before = time, *this; }
  Say& each_byte(std::chrono::milliseconds time) { return per_byte = time, *this; }
  Say& for_ever() { return endless = true, *this; }

  std::string bytes;
  Then then = Then::go_on;
  std::chrono::milliseconds before{0};
  std::chrono::milliseconds per_byte{0};
  bool endless = false;  ///< again and again, until nobody takes it
};

/// How a server behaves. The first RCPT of a transaction is answered by `rcpt`, further ones by `other_rcpt`.
struct Behaviour {
  Say greeting = "220 mx.example ESMTP\r\n";
  Say ehlo = "250-mx.example\r\n250 8BITMIME\r\n";
  Say helo = "250 mx.example\r\n";
  Say starttls = "220 2.0.0 go on\r\n";
  bool shakes_hands = true;  ///< after a 220 to STARTTLS; else it goes on in plain text
  Say mail = "250 2.1.0 ok\r\n";
  Say rcpt = "250 2.1.5 ok\r\n";
  Say other_rcpt = "550 5.1.1 no such user\r\n";
  Say data = "354 go on\r\n";
  Say end_of_data = "250 2.0.0 taken\r\n";
  Say rset = "250 2.0.0 ok\r\n";
  Say quit = {"221 2.0.0 bye\r\n", Say::Then::close};
  /// Called at RCPT with what MAIL said (`<>`, `<a@b>`), before it is answered.
  std::function<void(const std::string& sender)> at_rcpt = {};
};

/// A server on an address of 127.0.0.0/8, with a thread for each connection. Its port is free on all of them.
class ScriptedSmtp {
 public:
  /// Port 0: any. `address` is of 127.0.0.0/8.
  ScriptedSmtp(const std::string& address, std::uint16_t port, Behaviour behaviour);
  ~ScriptedSmtp();
  ScriptedSmtp(const ScriptedSmtp&) = delete;
  ScriptedSmtp& operator=(const ScriptedSmtp&) = delete;

  bool listens() const { return listener_ >= 0; }
  std::uint16_t port() const { return port_; }
  const std::string& address() const { return address_; }

  int connections() const { return connections_; }
  int at_once() const { return most_; }       ///< the most connections at one time
  std::vector<std::string> commands() const;  ///< all lines that came, with CRLF
  std::vector<std::string> messages() const;  ///< what came after DATA, as it came, without the dot at the end
  int tls_sessions() const { return tls_sessions_; }

 private:
  class Line;
  class Presence;
  void accept();
  void serve(int fd);
  void converse(Line& line, Presence& presence);
  bool take_message(Line& line);

  const std::string address_;
  const Behaviour behaviour_;
  TlsIdentity identity_{"mx.example"};
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<int> now_{0};
  std::atomic<int> most_{0};
  std::atomic<int> tls_sessions_{0};
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::string> commands_;
  std::vector<std::string> messages_;
  std::vector<int> open_;
  std::list<std::thread> serving_;
  std::thread accepting_;
};

/// Several servers on one port.
class SmtpFarm {
 public:
  SmtpFarm();
  /// A server on that address; throws where it cannot listen.
  ScriptedSmtp& add(const std::string& address, Behaviour behaviour);
  std::uint16_t port() const { return port_; }
  /// Ends all servers, once nothing of theirs runs any more.
  void stop() { servers_.clear(); }

 private:
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<ScriptedSmtp>> servers_;
};

}  // namespace postern::test
