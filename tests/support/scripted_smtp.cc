#include "tests/support/scripted_smtp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <utility>

namespace postern::test {

/// One connection, in plain text and then perhaps in TLS.
class ScriptedSmtp::Line {
 public:
  Line(int fd, const std::atomic<bool>& ending) : fd_(fd), ending_(ending) {}

  bool accept_tls(const TlsIdentity& identity) {
    buffer_.clear();
    tls_ = std::make_unique<TlsServer>(identity, fd_);
    return tls_->accept();
  }

  /// With its LF; empty at the end.
  std::string read() {
    for (;;) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        const std::string line = buffer_.substr(0, end + 1);
        buffer_.erase(0, end + 1);
        return line;
      }
      char bytes[4096];
      const auto got = tls_ ? tls_->read(bytes, sizeof bytes) : static_cast<int>(::recv(fd_, bytes, sizeof bytes, 0));
      if (got <= 0) return {};
      buffer_.append(bytes, static_cast<std::size_t>(got));
    }
  }

  /// False where the connection is to end.
  bool say(const Say& say) {
    pause(say.before);
    do {
      if (!send(say)) return false;
    } while (say.endless && !ending_);
    if (say.then == Say::Then::reset) {
      const linger hard{1, 0};
      setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    return say.then == Say::Then::go_on;
  }

 private:
  bool send(const Say& say) {
    if (say.per_byte.count() == 0) return put(say.bytes);
    for (const char byte : say.bytes) {
      pause(say.per_byte);
      if (!put(std::string_view(&byte, 1))) return false;
    }
    return true;
  }
  bool put(std::string_view bytes) {
    if (bytes.empty()) return true;
    if (tls_) return tls_->write(bytes);
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Until the time is over, or the server ends and shuts the socket down.
  void pause(std::chrono::milliseconds time) {
    if (time.count() == 0) return;
    pollfd end{fd_, POLLRDHUP, 0};
    poll(&end, 1, static_cast<int>(time.count()));
  }

  const int fd_;
  const std::atomic<bool>& ending_;
  std::unique_ptr<TlsServer> tls_;
  std::string buffer_;
};

/// Counts a connection until its client says QUIT, or it ends.
class ScriptedSmtp::Presence {
 public:
  explicit Presence(ScriptedSmtp& server) : server_(server) {
    const int now = ++server_.now_;
    for (int most = server_.most_; now > most && !server_.most_.compare_exchange_weak(most, now);) {
    }
  }
  ~Presence() { end(); }
  void end() {
    if (!std::exchange(ended_, true)) --server_.now_;
  }

 private:
  ScriptedSmtp& server_;
  bool ended_ = false;
};

ScriptedSmtp::ScriptedSmtp(const std::string& address, std::uint16_t port, Behaviour behaviour)
    : address_(address), behaviour_(std::move(behaviour)) {
  signal(SIGPIPE, SIG_IGN);  // OpenSSL's sockets know no MSG_NOSIGNAL
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  socklen_t size = sizeof at;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || listen(listener_, 128) != 0) {
    ::close(listener_);
    listener_ = -1;
    return;
  }
  getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
  port_ = ntohs(at.sin_port);
  accepting_ = std::thread([this] { accept(); });
}

ScriptedSmtp::~ScriptedSmtp() {
  if (listener_ < 0) return;
  ending_ = true;
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : serving_) thread.join();
  ::close(listener_);
}

std::vector<std::string> ScriptedSmtp::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

std::vector<std::string> ScriptedSmtp::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

bool ScriptedSmtp::take_message(Line& line) {
  std::string message;
  for (std::string text = line.read(); text != ".\r\n"; text = line.read()) {
    if (text.empty()) return false;
    message += text;
  }
  {
    const std::lock_guard lock(mutex_);
    messages_.push_back(message);
  }
  return line.say(behaviour_.end_of_data);
}

void ScriptedSmtp::accept() {
  while (!ending_) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++connections_;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    serving_.emplace_back([this, fd] { serve(fd); });
  }
}

void ScriptedSmtp::serve(int fd) {
  {
    Presence presence(*this);
    Line line(fd, ending_);
    converse(line, presence);
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

void ScriptedSmtp::converse(Line& line, Presence& presence) {
  if (!line.say(behaviour_.greeting)) return;
  std::string sender;
  int recipients = 0;
  for (;;) {
    const std::string command = line.read();
    if (command.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      commands_.push_back(command);
    }
    const auto begins = [&](std::string_view verb) { return command.starts_with(verb); };
    const Say* answer = nullptr;
    const Say unknown = "502 5.5.2 what?\r\n";
    if (begins("EHLO ")) {
      answer = &behaviour_.ehlo;
    } else if (begins("HELO ")) {
      answer = &behaviour_.helo;
    } else if (begins("MAIL FROM:")) {
      sender = command.substr(10, command.find('>') - 9);
      recipients = 0;
      answer = &behaviour_.mail;
    } else if (begins("RCPT TO:")) {
      if (behaviour_.at_rcpt) behaviour_.at_rcpt(sender);
      answer = recipients++ == 0 ? &behaviour_.rcpt : &behaviour_.other_rcpt;
    } else if (begins("STARTTLS")) {
      answer = &behaviour_.starttls;
    } else if (begins("DATA")) {
      answer = &behaviour_.data;
    } else if (begins("RSET")) {
      recipients = 0;
      answer = &behaviour_.rset;
    } else if (begins("QUIT")) {
      presence.end();
      answer = &behaviour_.quit;
    }
    if (!line.say(answer != nullptr ? *answer : unknown)) return;
    if (begins("DATA") && behaviour_.data.bytes.starts_with("354") && !take_message(line)) return;
    if (begins("STARTTLS") && behaviour_.shakes_hands && behaviour_.starttls.bytes.starts_with("220")) {
      if (!line.accept_tls(identity_)) return;
      ++tls_sessions_;
    }
  }
}

SmtpFarm::SmtpFarm() {
  const ScriptedSmtp first("127.0.0.1", 0, {});
  port_ = first.port();  // local to this machine, and most likely free on the other addresses, too
}

ScriptedSmtp& SmtpFarm::add(const std::string& address, Behaviour behaviour) {
  servers_.push_back(std::make_unique<ScriptedSmtp>(address, port_, std::move(behaviour)));
  if (!servers_.back()->listens()) throw std::runtime_error("cannot listen on " + address);
  return *servers_.back();
}

}  // namespace postern::test
