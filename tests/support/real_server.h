#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/free_port.h"
#include "tests/support/temp_folder.h"

namespace postern::test {

/// A server of somebody else's, run from a temporary folder, and what may happen to it.
/// Where we are root it runs as nobody. Throws std::runtime_error, with what the server said, when it does not start.
class RealServer {
 public:
  RealServer();
  virtual ~RealServer();
  RealServer(const RealServer&) = delete;
  RealServer& operator=(const RealServer&) = delete;

  void start();
  void stop();    ///< in peace
  void kill();    ///< without a word
  void freeze();  ///< it keeps its connections, takes new ones, and says nothing
  void thaw();
  void restart() {
    stop();
    start();
  }
  const std::string& folder() const { return folder_.path(); }

 protected:
  virtual std::vector<std::string> command() const = 0;
  virtual bool answers() const = 0;
  virtual int stop_signal() const;

  /// Runs a program in the folder to its end, as the server is run; throws when it fails.
  void run(const std::vector<std::string>& command) const;
  void write(const std::string& name, const std::string& text) const;
  /// Whoever the server runs as may read and write it.
  void give(const std::string& path) const;

  TempFolder folder_;

 private:
  void signal(int number) const;
  void end(int number);

  pid_t pid_ = -1;
};

/// Where a program is; empty where it is not installed.
std::string program(const std::string& name);
bool listens(std::uint16_t port);
bool listens(const std::string& socket_path);

/// Makes, or changes, a database of SQLite by its own program: ours opens one for reading alone. Throws
/// std::runtime_error.
void sqlite(const std::string& database, const std::string& sql);

/// PostgreSQL on a Unix socket and a loopback port. The owner `postgres` needs no password there, others do.
class PostgresServer final : public RealServer {
 public:
  static std::string missing();
  PostgresServer();
  void execute(const std::string& sql) const;
  /// As `user` on the socket; over TCP `tcp_dsn`.
  std::string dsn(const std::string& user) const;
  std::string tcp_dsn(const std::string& user) const;

 protected:
  std::vector<std::string> command() const override;
  bool answers() const override;
  int stop_signal() const override;

 private:
  std::uint16_t port_;
};

/// MariaDB on a Unix socket alone. What `setup` says is done at each start.
class MariadbServer final : public RealServer {
 public:
  static std::string missing();
  explicit MariadbServer(const std::string& setup);
  std::string dsn(const std::string& user) const;
  std::string socket() const { return folder_ / "s"; }

 protected:
  std::vector<std::string> command() const override;
  bool answers() const override;
};

/// OpenLDAP's slapd with what `ldif` says below dc=acme,dc=example, on ldapi, ldap and ldaps. The manager is
/// cn=admin,dc=acme,dc=example with the password "secret".
class LdapServer final : public RealServer {
 public:
  static std::string missing();
  explicit LdapServer(const std::string& ldif);
  std::string ldapi() const;
  std::string ldap() const;
  std::string ldaps() const;
  std::string ca_file() const { return folder_ / "cert.pem"; }

 protected:
  std::vector<std::string> command() const override;
  bool answers() const override;

 private:
  std::uint16_t port_;
  std::uint16_t tls_port_;
};

}  // namespace postern::test
