#pragma once

#include "tests/support/real_server.h"

namespace postern::test {

/// Dovecot's auth service alone, with these users; everything in one folder, no port.
class DovecotServer final : public RealServer {
 public:
  static std::string missing();
  /// `users`: lines of a passwd-file.
  explicit DovecotServer(const std::string& users);
  std::string socket() const { return folder_ / "run/auth-userdb"; }

 protected:
  std::vector<std::string> command() const override;
  bool answers() const override;
};

/// table_server.py: a socketmap or a tcp_table for u0 to u99 and c0, c1 … of site.test.
class TableServer final : public RealServer {
 public:
  enum class Protocol { socketmap, tcp };
  static std::string missing();
  explicit TableServer(Protocol protocol);
  /// As Postfix writes it.
  std::string table() const;
  /// From now on it lies: nobody is known. Or each answer takes 2 s.
  void lie() const { write("lie", ""); }
  void slow_down() const { write("slow", ""); }
  /// As it was.
  void behave() const;

 protected:
  std::vector<std::string> command() const override;
  bool answers() const override;

 private:
  const Protocol protocol_;
  const std::uint16_t port_;
};

}  // namespace postern::test
