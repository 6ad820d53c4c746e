#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/result.h"

namespace postern::store::redis {

/// Where a server is: a name or an address and a port, or the path of a Unix socket.
struct Server {
  std::string host;
  std::uint16_t port = 6379;
  std::string path;  ///< of a Unix socket; then there is no host

  friend bool operator==(const Server&, const Server&) = default;
};
/// `host`, `host:port`, `192.0.2.1:6379`, `[2001:db8::1]:6379`, `unix:/path`. Pure.
Result<Server> parse_server(std::string_view text, const Place& where);
/// As parse_server() reads it.
std::string text_of(const Server& server);

constexpr std::size_t kMostServers = 16;      // local
constexpr std::size_t kMostPrefixBytes = 64;  // local

/// A Redis or Valkey that several machines share.
struct Options {
  std::vector<Server> servers;  ///< the first whose role is master is used; with `sentinel`, the Sentinels
  std::string user;             ///< of an ACL; empty: the default user
  std::string password;         ///< empty: none is sent
  int database = 0;
  bool tls = false;  ///< verified, by the name that is written in `servers`; never on a Unix socket. The master that
                     ///< Sentinels name is verified by the name or address that they give: whom to trust is theirs to
                     ///< say, among all to whom an authority of `ca_file` has given a certificate
  std::string ca_file;                     ///< roots, as PEM; those of the system where empty
  std::string sentinel;                    ///< the name of the master that the Sentinels watch; empty: there are none
  bool cluster = false;                    ///< `servers` are all masters of a Cluster; others are never connected to
  std::chrono::milliseconds timeout{200};  ///< of each answer, and of a connect
  std::string prefix = "postern:";         ///< of all keys; machines with the same prefix count together
  int nodes = 1;                           ///< how many machines share it: while it is away, each allows its share
};

/// Why such options cannot be meant; empty where they can. Pure.
std::string objection(const Options& options);

}  // namespace postern::store::redis
