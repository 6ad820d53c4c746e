#include "tests/support/signed_mail.h"

#include "tests/support/world.h"

namespace postern::test {

std::string sign(const dkim::SigningKey& key, const std::string& message, std::int64_t unix_time) {
  const std::size_t header_ends = message.find("\n\n");
  const std::vector<HeaderField> header = header_fields(message.substr(0, header_ends));
  dkim::BodyHashes bodies;
  const std::size_t form = bodies.add({});
  bodies.update(std::string_view(message).substr(header_ends + 2));
  bodies.finish();
  const auto value = dkim::sign(key, dkim::default_signing_form(), header, bodies.at(form), unix_time).value();
  return "DKIM-Signature: " + value + "\n" + message;
}

}  // namespace postern::test
