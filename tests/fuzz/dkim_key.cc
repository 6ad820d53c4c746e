#include <algorithm>
#include <string>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/key_record.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

/// A key record; also a selector and a domain, cut at its first semicolon.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::text_of(data, size));
  dkim::KeyCache keys;
  const auto record = keys.parse(text);
  const int outcomes = (record->key ? 1 : 0) + (record->revoked ? 1 : 0) + (record->problem.empty() ? 0 : 1);
  hold(outcomes == 1, "a record has a key, is revoked, or has a problem");
  hold(!fuzz::has_control(record->problem), "a problem is one line");
  if (record->key) {
    hold(record->key->bits() > 0, "a key has a size");
    const std::string digest(32, 'x');
    hold(!record->key->verify(crypto::Hash::sha256, digest, text), "nobody has signed this");
  }
  const auto again = keys.parse(text);
  hold((again->key != nullptr) == (record->key != nullptr) && again->problem == record->problem,
       "the same text is the same record");

  const std::size_t cut = std::min(text.find(';'), text.size());
  const std::string_view domain = std::string_view(text).substr(std::min(text.size(), cut + 1));
  const auto name = dkim::key_name(std::string_view(text).substr(0, cut), domain);
  if (!name) return 0;
  hold(name->text().find("._domainkey.") != std::string::npos && !fuzz::has_control(name->text()),
       "a key has a name of its own");
  const auto of = Domain::parse(domain);
  hold(of && name->is_within(*of), "a key stands below its domain");
  return 0;
}
