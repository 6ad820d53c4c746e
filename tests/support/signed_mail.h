#pragma once

#include <cstdint>
#include <string>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/body_hashes.h"
#include "policy/auth/dkim/sign.h"
#include "policy/mail/facts.h"

namespace postern::test {

/// A key of a domain, made for one test.
inline dkim::SigningKey signing_key(const std::string& domain, const std::string& selector = "s1",
                                    crypto::KeyType type = crypto::KeyType::rsa) {
  return {domain, selector, crypto::PrivateKey::generate(type, 1024).value()};
}

/// The line of a zone that publishes it.
inline std::string key_line(const dkim::SigningKey& key) {
  const std::string type = key.key->type() == crypto::KeyType::rsa ? "rsa" : "ed25519";
  std::string strings;
  const std::string text = "v=DKIM1; k=" + type + "; p=" + key.key->public_text();
  for (std::size_t at = 0; at < text.size(); at += 200) strings += " \"" + text.substr(at, 200) + "\"";
  return key.selector + "._domainkey." + key.domain + ". TXT" + strings + "\n";
}

/// The message (fields as lines, an empty line, the body with its own line ends) with a DKIM-Signature on top.
std::string sign(const dkim::SigningKey& key, const std::string& message, std::int64_t unix_time = 0);

}  // namespace postern::test
