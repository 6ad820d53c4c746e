#include <fmt/format.h>

#include <algorithm>

#include "policy/auth/arc/arc.h"
#include "policy/auth/arc/input.h"
#include "policy/auth/arc/payload.h"
#include "policy/auth/arc/set.h"
#include "policy/auth/crypto.h"
#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/signed_names.h"
#include "policy/auth/dkim/tag_writer.h"

namespace postern::arc {

namespace {

constexpr std::string_view kResults = "ARC-Authentication-Results";
constexpr std::string_view kMessage = "ARC-Message-Signature";
constexpr std::string_view kSeal = "ARC-Seal";
constexpr int kMostInstances = 50;  // RFC 8617 4.2.1

using postern::Error;

// What we sign if nobody says: as DKIM does, and the signatures of the message (RFC 8617 4.1.2).
std::vector<std::string> own_choice(std::span<const HeaderField> header) {
  dkim::SigningForm form = dkim::default_signing_form();
  form.fields.emplace_back("dkim-signature");
  return dkim::signed_names(form, header);
}

// The fields of one set, each made from its signature. Tags in the order of the alphabet: nobody minds, and sealing the
// same twice gives the same.
class Writer {
 public:
  explicit Writer(const Sealing& sealing) : sealing_(sealing) {}

  HeaderField results() const {
    return {std::string(kResults), fmt::format(" i={}; {};\n\t{}", sealing_.instance, sealing_.authserv_id,
                                               folded_payload(sealing_.authentication_results))};
  }

  HeaderField message(const std::string& b, std::string_view body_hash, const std::vector<std::string>& names) const {
    dkim::TagWriter tags = begun(kMessage, b);
    tags.add("bh", dkim::encode_base64(body_hash));
    tags.add("c", "relaxed/relaxed");
    tags.add("d", sealing_.key.domain);
    tags.add_list("h", {names.begin(), names.end()});
    return ended(kMessage, std::move(tags));
  }

  HeaderField seal(const std::string& b) const {
    dkim::TagWriter tags = begun(kSeal, b);
    tags.add("cv", name(sealing_.chain));
    tags.add("d", sealing_.key.domain);
    return ended(kSeal, std::move(tags));
  }

  // What stands in `b=` while it is not known: as long as the signature, so that no fold moves.
  std::string blank() const {
    return dkim::encode_base64(std::string(static_cast<std::size_t>(sealing_.key.key->bits() + 7) / 8, '\0'));
  }

  postern::Result<std::string> sign(const std::string& input) const {
    const auto raw = sealing_.key.key->sign(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, input));
    if (!raw) return raw.error();
    return dkim::encode_base64(*raw);
  }

 private:
  dkim::TagWriter begun(std::string_view field, const std::string& b) const {
    dkim::TagWriter tags(field);
    tags.add("a", "rsa-sha256");
    tags.add_base64("b", b);
    return tags;
  }

  HeaderField ended(std::string_view field, dkim::TagWriter tags) const {
    tags.add("i", std::to_string(sealing_.instance));
    tags.add("s", sealing_.key.selector);
    tags.add("t", std::to_string(sealing_.unix_time));
    return {std::string(field), " " + tags.text()};
  }

  const Sealing& sealing_;
};

// The fields of the sets that a seal of a chain that passes covers (RFC 8617 5.1.1).
std::vector<const HeaderField*> fields_before(std::span<const HeaderField> header, const Sets& before) {
  std::vector<const HeaderField*> fields;
  for (const Set& set : before.sets) {
    for (const std::size_t at : {set.results_field, set.message.field, set.seal.field}) fields.push_back(&header[at]);
  }
  return fields;
}

std::string why_not(const Sealing& s) {
  if (s.key.key->type() != crypto::KeyType::rsa) return "ARC knows RSA keys alone";  // RFC 8617 4.1.2
  if (s.chain == Status::temperror) return "the state of the chain is not known";    // cv= has no word for it
  if (s.instance < 1 || s.instance > kMostInstances) return "the chain is too long";
  return {};
}

}  // namespace

postern::Result<std::vector<HeaderField>> seal(const Sealing& s, std::span<const HeaderField> header,
                                               const dkim::BodyHashes::Hashed& body) {
  std::string problem = why_not(s);
  const Sets before = read_sets(header, kMostInstances);
  if (before.failed_before) problem = "the chain was broken before";  // RFC 8617 5.1.2: there is nothing to add
  if (!problem.empty()) return Error{.message = std::move(problem), .where = {}};
  const Writer write(s);
  const HeaderField results = write.results();
  const std::vector<std::string> names = s.signed_fields.empty() ? own_choice(header) : s.signed_fields;

  const HeaderField unsigned_message = write.message(write.blank(), body.digest, names);
  const auto message_b = write.sign(message_input(header, names, unsigned_message, dkim::Canonicalization::relaxed));
  if (!message_b) return message_b.error();
  const HeaderField message = write.message(*message_b, body.digest, names);

  // RFC 8617 5.1.2: of a broken chain nothing is vouched for but our own set.
  std::vector<const HeaderField*> sealed;
  if (s.chain == Status::pass) sealed = fields_before(header, before);
  sealed.push_back(&results);
  sealed.push_back(&message);
  const auto seal_b = write.sign(seal_input(sealed, write.seal(write.blank())));
  if (!seal_b) return seal_b.error();
  return std::vector<HeaderField>{write.seal(*seal_b), message, results};
}

}  // namespace postern::arc
