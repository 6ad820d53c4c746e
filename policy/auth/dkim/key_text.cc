#include "policy/auth/dkim/key_text.h"

#include <fmt/format.h>

#include "policy/auth/crypto.h"

namespace postern::dkim {

namespace {

constexpr std::size_t kMostStringBytes = 255;  // RFC 1035 3.3

}  // namespace

std::string key_record_text(const crypto::PrivateKey& key) {
  return fmt::format("v=DKIM1; k={}; p={}", key.type() == crypto::KeyType::rsa ? "rsa" : "ed25519", key.public_text());
}

std::string zone_line(std::string_view name, std::string_view text) {
  std::string line = fmt::format("{}. IN TXT", name);
  for (std::size_t at = 0; at < text.size(); at += kMostStringBytes)
    line += fmt::format(" \"{}\"", text.substr(at, kMostStringBytes));
  return line;
}

}  // namespace postern::dkim
