#include "policy/auth/dkim/sign.h"

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/canonical.h"
#include "policy/auth/dkim/signed_names.h"
#include "policy/auth/dkim/tag_writer.h"

namespace postern::dkim {

namespace {

constexpr std::string_view kName = "DKIM-Signature";

}  // namespace

const SigningForm& default_signing_form() {
  static const SigningForm kForm{// RFC 6376 5.4.1, and what tells a reader how to show the body (FAULTS T33).
                                 {"from",
                                  "to",
                                  "cc",
                                  "subject",
                                  "date",
                                  "message-id",
                                  "reply-to",
                                  "sender",
                                  "in-reply-to",
                                  "references",
                                  "mime-version",
                                  "content-type",
                                  "content-transfer-encoding",
                                  "list-id",
                                  "list-help",
                                  "list-owner",
                                  "list-post",
                                  "list-archive",
                                  "list-subscribe",
                                  "list-unsubscribe",
                                  "list-unsubscribe-post"},
                                 {"from", "to", "cc", "subject", "date", "reply-to", "mime-version", "content-type"},
                                 {"date"},
                                 // From has to be signed (RFC 6376 5.4).
                                 {"to", "cc", "reply-to", "sender"}};
  return kForm;
}

postern::Result<std::string> sign(const SigningKey& key, const SigningForm& form, std::span<const HeaderField> header,
                                  const BodyHashes::Hashed& body, std::int64_t unix_time) {
  const std::vector<std::string> signed_fields = signed_names(form, header);
  const std::vector<std::string_view> names(signed_fields.begin(), signed_fields.end());
  TagWriter tags(kName);
  tags.add("v", "1");
  tags.add("a", key.key->type() == crypto::KeyType::rsa ? "rsa-sha256" : "ed25519-sha256");
  tags.add("c", "relaxed/relaxed");
  tags.add("d", key.domain);
  tags.add("s", key.selector);
  tags.add("t", std::to_string(unix_time));
  tags.add_list("h", names);
  tags.add("bh", encode_base64(body.digest));

  TagWriter unsigned_tags = tags;
  unsigned_tags.add_base64("b", "");
  std::string text;
  for (const HeaderField* field : select_fields(header, names, nullptr))
    append_field(text, *field, Canonicalization::relaxed);
  append_signature_field(text, {std::string(kName), unsigned_tags.text()}, Canonicalization::relaxed);
  crypto::Digest digest(Hash::sha256);
  digest.update(text);
  const auto signature = key.key->sign(Hash::sha256, digest.finish());
  if (!signature) return signature.error();
  tags.add_base64("b", encode_base64(*signature));
  return tags.text();
}

}  // namespace postern::dkim
