#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/store/redis/options.h"
#include "tests/support/real_server.h"

namespace postern::test {

/// Redis on a Unix socket and a loopback port, keeping nothing on disk. `more` are further lines of its configuration.
class RedisServer final : public RealServer {
 public:
  /// What is not installed; empty where all is.
  static std::string missing();
  explicit RedisServer(const std::string& more = {});
  /// With a certificate of its own, for 127.0.0.1, on tls_port().
  struct Tls {};
  explicit RedisServer(Tls);
  ~RedisServer() override;

  /// A command of one line, as the default user; what it answers, as redis-cli prints it to a file.
  std::string command_line(const std::string& words) const;
  std::string socket() const { return folder_ / "s"; }
  std::uint16_t port() const { return port_; }
  std::uint16_t tls_port() const { return tls_port_; }
  std::string ca_file() const { return folder_ / "cert.pem"; }
  store::redis::Server on_socket() const { return {.host = {}, .port = 6379, .path = socket()}; }
  store::redis::Server on_port() const { return {.host = "127.0.0.1", .port = port_, .path = {}}; }

 protected:
  std::vector<std::string> command() const override;
  bool answers() const override;

 private:
  std::uint16_t port_;
  std::uint16_t tls_port_ = 0;
};

/// A Sentinel that watches the master "mail" of that port, alone (a quorum of 1).
class RedisSentinel final : public RealServer {
 public:
  explicit RedisSentinel(std::uint16_t master);
  store::redis::Server on_port() const { return {.host = "127.0.0.1", .port = port_, .path = {}}; }

 protected:
  std::vector<std::string> command() const override;
  bool answers() const override { return listens(port_); }

 private:
  std::uint16_t port_;
};

}  // namespace postern::test
