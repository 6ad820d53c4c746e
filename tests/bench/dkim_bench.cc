// dkim_bench: what verifying a signature costs beside the hash of the body and the RSA verification in it, by OpenSSL
// alone. docs/performance.md has the figures.

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/key_text.h"
#include "policy/auth/dkim/sign.h"
#include "policy/auth/dkim/verify.h"
#include "tests/auth/message.h"

namespace postern::dkim {
namespace {

constexpr std::int64_t kNow = 1'764'300'000;
constexpr std::size_t kChunk = 65'535;  // as an MTA sends a body

/// Has the record wherever it is asked, as a cache has it.
class OneRecord final : public dns::Resolver {
 public:
  explicit OneRecord(std::string text) {
    dns::Answer answer;
    answer.status = dns::Status::ok;
    answer.texts = {std::move(text)};
    answer_ = std::make_shared<const dns::Answer>(std::move(answer));
  }
  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question&, const Deadline&) override { return answer_; }
  dns::AnswerPtr query_uncached(const dns::Question&, const Deadline&) override { return answer_; }

 private:
  dns::AnswerPtr answer_;
};

enum class Kind { text, base64 };

/// Plain words with what editors leave between them, or an attachment.
std::string body(Kind kind, std::size_t size) {
  constexpr std::string_view kText =
      "Dear Tom,\r\n\r\nthank you for the report of last week.  I have read it twice, and there are some\r\n"
      "questions left which we should talk about on Thursday, if that suits you:\r\n\r\n  * the figures for May \r\n"
      "  * what the others have said\r\n\r\nKind regards\r\n-- \r\nEva, Acme Limited, 1 High Street, Newtown\r\n\r\n";
  constexpr std::string_view kBase64 = "dGhpcyBpcyB3aGF0IGFuIGF0dGFjaG1lbnQgbG9va3MgbGlrZSBpbiBhIG1lc3NhZ2UgLSBi\r\n";
  std::string out;
  while (out.size() < size) out += kind == Kind::text ? kText : kBase64;
  out.resize(size - 2);
  return out + "\r\n";
}

/// A message as a large site sends it, signed with 2048 bits.
struct Signed {
  explicit Signed(Kind kind, std::size_t size) {
    message = test::read_message(
        "Return-Path: <eva@acme.example>\nReceived: from mx.acme.example (mx.acme.example [192.0.2.1])\n\tby "
        "mx.home.example (Postfix) with ESMTPS id 4F2A1\n\tfor <tom@home.example>; Sat, 28 Nov 2026 20:00:00 +0000\n"
        "Received: from desk.acme.example (desk.acme.example [192.0.2.77])\n\tby mx.acme.example (Postfix) with "
        "ESMTPSA "
        "id 9ABCD\n\tfor <tom@home.example>; Sat, 28 Nov 2026 19:59:58 +0000\nFrom: Eva Example <eva@acme.example>\n"
        "To: Tom Example <tom@home.example>,\n\tSue Example <sue@home.example>\nCc: board@acme.example\n"
        "Subject: Re: the report of last week, and what is left of it\nDate: Sat, 28 Nov 2026 20:59:57 +0100\n"
        "Message-ID: <c0ffee-4711-0815@acme.example>\nIn-Reply-To: <deadbeef-42@home.example>\n"
        "References: <first-1@home.example> <second-2@acme.example>\n\t<deadbeef-42@home.example>\nMIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=utf-8; format=flowed\nContent-Transfer-Encoding: 8bit\n"
        "Reply-To: Eva Example <eva@acme.example>\nX-Mailer: Desk 1.0\n\n");
    message.body = body(kind, size);
    key = *crypto::PrivateKey::generate(crypto::KeyType::rsa, 2048);
    BodyHashes hashes;
    hashes.add({});
    hashes.update(message.body);
    hashes.finish();
    const auto value = sign({"acme.example", "s", key}, default_signing_form(), message.header, hashes.at(0), kNow);
    message.header.insert(message.header.begin() + 3, {"DKIM-Signature", " " + *value});
  }

  test::Message message;
  std::shared_ptr<const crypto::PrivateKey> key;
};

void verify(benchmark::State& state, const Signed& mail) {
  OneRecord dns(key_record_text(*mail.key));
  KeyCache keys;
  for (auto _ : state) {
    BodyHashes bodies;
    const Signatures signatures(mail.message.header, "acme.example", {}, bodies);
    for (std::string_view rest = mail.message.body; !rest.empty(); rest.remove_prefix(std::min(kChunk, rest.size())))
      bodies.update(rest.substr(0, kChunk));
    bodies.finish();
    const auto results = signatures.verify(mail.message.header, bodies, keys, dns, kNow, Deadline(SteadyTime::max()));
    if (results.at(0).status != Status::pass) state.SkipWithError("a good signature does not verify");
  }
}

/// SHA-256 of the body, and one RSA verification.
void openssl(benchmark::State& state, const Signed& mail) {
  const std::string pem = mail.key->pem();
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                          &BIO_free_all);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> sha256(EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
  const auto bytes = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  const std::string digest(32, 'x');
  const std::string signature = *mail.key->sign(crypto::Hash::sha256, digest);
  for (auto _ : state) {
    unsigned char out[32];
    EVP_Digest(mail.message.body.data(), mail.message.body.size(), out, nullptr, sha256.get(), nullptr);
    benchmark::DoNotOptimize(out);
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new(key.get(), nullptr),
                                                                              &EVP_PKEY_CTX_free);
    EVP_PKEY_verify_init(context.get());
    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING);
    EVP_PKEY_CTX_set_signature_md(context.get(), sha256.get());
    if (EVP_PKEY_verify(context.get(), bytes(signature), signature.size(), bytes(digest), digest.size()) != 1)
      state.SkipWithError("a good signature does not verify");
  }
}

void register_benchmarks() {
  using Call = void (*)(benchmark::State&, const Signed&);
  for (const auto& [kind, what] : {std::pair(Kind::text, "text"), std::pair(Kind::base64, "base64")}) {
    for (const std::size_t size : {5'000, 50'000}) {
      const auto mail = std::make_shared<const Signed>(kind, size);
      for (const auto& [name, call] :
           {std::pair<const char*, Call>("postern", verify), std::pair<const char*, Call>("openssl", openssl)})
        benchmark::RegisterBenchmark(fmt::format("dkim/{}/{} KB {}", name, size / 1000, what).c_str(),
                                     [call = call, mail](benchmark::State& state) { call(state, *mail); });
    }
  }
}

}  // namespace
}  // namespace postern::dkim

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  postern::dkim::register_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
