#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace postern::test {

/// A key with a certificate that it has signed itself, for one DNS name.
class TlsIdentity {
 public:
  explicit TlsIdentity(const std::string& name);
  ~TlsIdentity();
  /// The certificate as PEM: whoever trusts it trusts the server.
  std::string certificate() const;

 private:
  friend class TlsServer;
  struct State;
  std::unique_ptr<State> state_;
};

/// The server's side of one TLS connection, over a blocking socket that stays the caller's.
class TlsServer {
 public:
  TlsServer(const TlsIdentity& identity, int fd);
  ~TlsServer();
  bool accept();
  /// Nothing more, or an error: 0 or less.
  int read(char* buffer, int size);
  bool write(std::string_view bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::test
