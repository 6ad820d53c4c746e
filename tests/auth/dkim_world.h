#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/base64.h"
#include "policy/auth/dkim/canonical.h"
#include "policy/auth/dkim/sign.h"
#include "policy/auth/dkim/tag_list.h"
#include "policy/auth/dkim/verify.h"
#include "tests/auth/message.h"

namespace postern::test {

/// Key records by name, and which names were asked for.
class KeyZone final : public dns::Resolver {
 public:
  void set(const std::string& name, std::vector<std::string> texts) { texts_[name] = std::move(texts); }
  void fail(const std::string& name, dns::Status status) { failures_[name] = status; }

  void prefetch(const dns::Question& question) override { asked.insert(question.name.text()); }
  dns::AnswerPtr query(const dns::Question& question, const Deadline&) override {
    const std::string& name = question.name.text();
    asked.insert(name);
    dns::Answer answer;
    const auto found = texts_.find(name);
    answer.status = found != texts_.end() ? dns::Status::ok : dns::Status::nxdomain;
    if (found != texts_.end()) answer.texts = found->second;
    if (const auto failure = failures_.find(name); failure != failures_.end()) answer.status = failure->second;
    return std::make_shared<const dns::Answer>(std::move(answer));
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }

  std::set<std::string> asked;

 private:
  std::map<std::string, std::vector<std::string>> texts_;
  std::map<std::string, dns::Status> failures_;
};

inline std::shared_ptr<const crypto::PrivateKey> make_key(crypto::KeyType type, int bits = 2048) {
  auto key = crypto::PrivateKey::generate(type, bits);
  if (!key) throw std::runtime_error(key.error().message);
  return *key;
}

/// One key a size, made at its first use.
inline std::shared_ptr<const crypto::PrivateKey> rsa_key(int bits = 1024) {
  static std::map<int, std::shared_ptr<const crypto::PrivateKey>> keys;
  auto& key = keys[bits];
  if (!key) key = make_key(crypto::KeyType::rsa, bits);
  return key;
}

inline std::string key_record(const crypto::PrivateKey& key) {
  return fmt::format("v=DKIM1; k={}; p={}", key.type() == crypto::KeyType::rsa ? "rsa" : "ed25519", key.public_text());
}

/// A domain that signs and a receiver that verifies.
class DkimWorld {
 public:
  static constexpr std::int64_t kNow = 1'764'300'000;

  DkimWorld() { key("s", "a.example", rsa_key()); }

  /// Puts the record of a key where it stands.
  void key(const std::string& selector, const std::string& domain, const std::shared_ptr<const crypto::PrivateKey>& key,
           const std::string& more = "") {
    zone.set(selector + "._domainkey." + domain, {key_record(*key) + more});
  }

  static dkim::BodyHashes::Hashed body_hash(std::string_view body, const dkim::BodyForm& form = {}) {
    dkim::BodyHashes bodies;
    bodies.add(form);
    bodies.update(body);
    bodies.finish();
    return bodies.at(0);
  }

  /// Signs it with our own way of signing, at the top.
  static void sign(Message& message, const std::shared_ptr<const crypto::PrivateKey>& key,
                   const std::string& domain = "a.example", const std::string& selector = "s") {
    const auto value = dkim::sign({domain, selector, key}, dkim::default_signing_form(), message.header,
                                  body_hash(message.body), kNow);
    if (!value) throw std::runtime_error(value.error().message);
    message.header.insert(message.header.begin(), {"DKIM-Signature", " " + *value});
  }

  /// Signs with these tags, to which bh= and b= are added.
  static void sign_as(Message& message, const std::string& tags, const std::shared_ptr<const crypto::PrivateKey>& key,
                      const dkim::BodyForm& form = {},
                      dkim::Canonicalization header = dkim::Canonicalization::relaxed) {
    HeaderField own{"DKIM-Signature",
                    fmt::format(" {}; bh={}; b=", tags, dkim::encode_base64(body_hash(message.body, form).digest))};
    const auto read = dkim::TagList::parse(own.value);
    const auto names = dkim::colon_list(read ? read->find("h").value_or("from") : "from");
    std::string text;
    for (const auto* field : dkim::select_fields(message.header, names, nullptr)) append_field(text, *field, header);
    append_signature_field(text, own, header);
    crypto::Digest digest(form.hash);
    digest.update(text);
    own.value += dkim::encode_base64(*key->sign(form.hash, digest.finish()));
    message.header.insert(message.header.begin(), own);
  }

  std::vector<dkim::Result> verify(const Message& message, const std::string& author = "") {
    dkim::BodyHashes bodies;
    const dkim::Signatures signatures(message.header, author, options, bodies);
    bodies.update(message.body);
    bodies.finish();
    return signatures.verify(message.header, bodies, keys, zone, now, Deadline(SteadyTime::max()));
  }
  /// The words of all results, with what the log would say.
  std::string words(const Message& message, const std::string& author = "") {
    std::string out;
    for (const dkim::Result& result : verify(message, author)) {
      out += (out.empty() ? "" : ", ") + std::string(dkim::name(result.status));
      if (!result.reason.empty()) out += ": " + result.reason;
    }
    return out;
  }

  KeyZone zone;
  dkim::KeyCache keys;
  dkim::Options options;
  std::int64_t now = kNow;
};

}  // namespace postern::test
