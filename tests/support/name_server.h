#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace postern::test {

/// NSD on a loopback port with zones that ldns-signzone signs: real signatures, for tests of DNSSEC.
class NameServer {
 public:
  /// The first program that is needed and not installed; empty when all are there.
  static std::string missing();

  ~NameServer();

  /// A new key for `zone`, by the name of its file.
  std::string make_key(const std::string& zone);
  /// Serves `text` as the zone of that name.
  void serve(const std::string& zone, const std::string& text);
  /// The same signed with `key`; `times` are further arguments of ldns-signzone. In what is signed `from` becomes `to`.
  void serve_signed(const std::string& zone, const std::string& text, const std::string& key,
                    const std::vector<std::string>& times = {}, const std::string& from = {},
                    const std::string& to = {});
  /// Throws std::runtime_error when the server does not listen in time.
  void start();

  std::uint16_t port() const { return port_; }
  /// A file with the public parts of `keys`, for `trust_anchor`.
  std::string anchor(const std::vector<std::string>& keys);

 private:
  std::string run(const std::vector<std::string>& command);

  TempFolder folder_;
  std::vector<std::string> zones_;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  int anchors_ = 0;
};

}  // namespace postern::test
