#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace postern::bench {

/// Where a milter listens. Throws std::runtime_error on what is neither unix:/path nor inet:port@a.b.c.d.
class Address {
 public:
  explicit Address(const std::string& text);
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  sa_family_t family() const { return storage_.ss_family; }
  socklen_t length() const { return length_; }

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

/// An open connection; whatever fails throws std::runtime_error.
class Connection {
 public:
  explicit Connection(const Address& address);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int descriptor() const { return descriptor_; }
  /// All of it, waiting where the other side is slow.
  void send(std::string_view bytes) const;
  /// Appends what is there, without waiting; false at the end of the connection.
  bool receive(std::string& into) const;

 private:
  int descriptor_;
};

/// Throws `what` with the reason errno has.
[[noreturn]] void fail(const std::string& what);

}  // namespace postern::bench
