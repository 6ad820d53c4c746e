#include "policy/auth/crypto.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <optional>
#include <stdexcept>

namespace postern::crypto {

namespace {

constexpr std::size_t kMostKeyBytes = 4 * 1024;   // local: DER of a 16384-bit key is 2.1 KiB
constexpr std::size_t kMostPemBytes = 64 * 1024;  // local: that key with all its factors is 13 KiB
constexpr int kMostRsaBits = 16384;               // OPENSSL_RSA_MAX_MODULUS_BITS, FAULTS T31
constexpr int kMostExponentBits = 33;             // FAULTS T31: at most 2^32
constexpr int kLeastRsaBits = 512;                // local: nothing was ever signed with less
constexpr std::size_t kEd25519Bytes = 32;         // RFC 8032 5.1.5

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, Free>;
using OwnedContext = std::unique_ptr<EVP_PKEY_CTX, Free>;

/// What went wrong is left in a queue of this thread, where TLS would take it for its own.
struct QuietQueue {
  QuietQueue() = default;
  QuietQueue(const QuietQueue&) = delete;
  QuietQueue& operator=(const QuietQueue&) = delete;
  ~QuietQueue() { ERR_clear_error(); }
};

/// Fetched once: by name, each use looks through the providers.
const EVP_MD* algorithm(Hash hash) {
  static const EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return hash == Hash::sha1 ? kSha1 : kSha256;
}

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }

std::optional<KeyType> type_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return KeyType::rsa;
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return KeyType::ed25519;
  return std::nullopt;
}

/// Nothing where it can serve: RFC 6376 3.3.3 and what a stranger must not choose.
std::optional<Error> problem_of_rsa(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kLeastRsaBits || bits > kMostRsaBits) return Error{fmt::format("RSA key of {} bits", bits), {}};
  BIGNUM* exponent = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1) return Error{"RSA key without exponent", {}};
  const std::unique_ptr<BIGNUM, Free> owned(exponent);
  const bool usable = BN_is_odd(exponent) == 1 && BN_is_one(exponent) == 0 && BN_is_negative(exponent) == 0;
  // local: with an exponent of 1 anybody signs.
  if (!usable || BN_num_bits(exponent) >= kMostExponentBits) return Error{"RSA key with an unusable exponent", {}};
  return std::nullopt;
}

/// A context for RSASSA-PKCS1-v1_5 of `hash` (RFC 6376 3.3.1), begun by `begin`; null where the library fails.
OwnedContext pkcs1(EVP_PKEY* key, Hash hash, int (*begin)(EVP_PKEY_CTX*)) {
  OwnedContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context || begin(context.get()) != 1 || EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), algorithm(hash)) != 1)
    return nullptr;
  return context;
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int n = EVP_EncodeBlock(raw(out), raw(bytes), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

}  // namespace

struct Digest::State {
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Digest::Digest(Hash hash) : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex2(state_->context.get(), algorithm(hash), nullptr);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::string_view bytes) { EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()); }

std::string Digest::finish() {
  const QuietQueue quiet;
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int n = 0;
  if (EVP_DigestFinal_ex(state_->context.get(), out.data(), &n) != 1) throw std::runtime_error("no hash could be made");
  return {reinterpret_cast<const char*>(out.data()), n};
}

std::string digest(Hash hash, std::string_view bytes) {
  Digest digest(hash);
  digest.update(bytes);
  return digest.finish();
}

struct PublicKey::State {
  OwnedKey key;
  KeyType type = KeyType::rsa;
  OwnedContext sha256;  // of RSA: one to copy, since making one looks its parts up by name
};

PublicKey::PublicKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
PublicKey::~PublicKey() = default;

Result<std::shared_ptr<const PublicKey>> PublicKey::rsa(std::string_view der) {
  const QuietQueue quiet;
  if (der.size() > kMostKeyBytes) return Error{"the key is too large", {}};
  auto state = std::make_unique<State>();
  const unsigned char* at = raw(der);
  state->key.reset(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!state->key) {
    at = raw(der);
    state->key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));  // erratum 3017
  }
  if (!state->key || at != raw(der) + der.size() || type_of(state->key.get()) != KeyType::rsa)
    return Error{"no RSA key", {}};
  if (auto problem = problem_of_rsa(state->key.get())) return *problem;
  state->sha256 = pkcs1(state->key.get(), Hash::sha256, &EVP_PKEY_verify_init);
  return std::shared_ptr<const PublicKey>(new PublicKey(std::move(state)));
}

Result<std::shared_ptr<const PublicKey>> PublicKey::ed25519(std::string_view bytes) {
  const QuietQueue quiet;
  if (bytes.size() != kEd25519Bytes) return Error{fmt::format("Ed25519 key of {} bytes", bytes.size()), {}};
  auto state = std::make_unique<State>();
  state->type = KeyType::ed25519;
  state->key.reset(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, raw(bytes), bytes.size()));
  if (!state->key) return Error{"no Ed25519 key", {}};
  return std::shared_ptr<const PublicKey>(new PublicKey(std::move(state)));
}

KeyType PublicKey::type() const { return state_->type; }
int PublicKey::bits() const { return EVP_PKEY_get_bits(state_->key.get()); }

// That is our trouble, and says nothing of the signature.
[[noreturn]] static void throw_trouble() { throw std::runtime_error("no signature could be verified"); }

bool PublicKey::verify(Hash hash, std::string_view digest, std::string_view signature) const {
  const QuietQueue quiet;
  if (state_->type == KeyType::ed25519) {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    if (!context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, state_->key.get()) != 1)
      throw_trouble();
    return EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(digest), digest.size()) == 1;
  }
  const OwnedContext context = hash == Hash::sha256 && state_->sha256
                                   ? OwnedContext(EVP_PKEY_CTX_dup(state_->sha256.get()))
                                   : pkcs1(state_->key.get(), hash, &EVP_PKEY_verify_init);
  if (!context) throw_trouble();
  return EVP_PKEY_verify(context.get(), raw(signature), signature.size(), raw(digest), digest.size()) == 1;
}

struct PrivateKey::State {
  OwnedKey key;
  KeyType type = KeyType::rsa;
};

PrivateKey::PrivateKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
PrivateKey::~PrivateKey() = default;

Result<std::shared_ptr<const PrivateKey>> PrivateKey::from_pem(std::string_view pem) {
  const QuietQueue quiet;
  if (pem.size() > kMostPemBytes) return Error{"the file is too large for a key", {}};
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return Error{"out of memory", {}};
  const auto no_pass_phrase = [](char*, int, int, void*) { return -1; };
  auto state = std::make_unique<State>();
  state->key.reset(PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, no_pass_phrase, nullptr, nullptr, nullptr));
  if (!state->key) return Error{"no private key in PEM without a pass phrase", {}};
  const auto type = type_of(state->key.get());
  if (!type) return Error{"a key that is neither RSA nor Ed25519", {}};
  state->type = *type;
  if (*type == KeyType::rsa) {
    if (auto problem = problem_of_rsa(state->key.get())) return *problem;
  }
  return std::shared_ptr<const PrivateKey>(new PrivateKey(std::move(state)));
}

Result<std::shared_ptr<const PrivateKey>> PrivateKey::generate(KeyType type, int rsa_bits) {
  const QuietQueue quiet;
  if (type == KeyType::rsa && (rsa_bits < kLeastRsaBits || rsa_bits > kMostRsaBits))
    return Error{fmt::format("RSA key of {} bits", rsa_bits), {}};
  auto state = std::make_unique<State>();
  state->type = type;
  state->key.reset(type == KeyType::rsa ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits))
                                        : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!state->key) return Error{"the key could not be made", {}};
  return std::shared_ptr<const PrivateKey>(new PrivateKey(std::move(state)));
}

KeyType PrivateKey::type() const { return state_->type; }
int PrivateKey::bits() const { return EVP_PKEY_get_bits(state_->key.get()); }

Result<std::string> PrivateKey::sign(Hash hash, std::string_view digest) const {
  const QuietQueue quiet;
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(state_->key.get())), '\0');
  std::size_t n = out.size();
  bool made = false;
  if (state_->type == KeyType::ed25519) {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    made = context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, state_->key.get()) == 1 &&
           EVP_DigestSign(context.get(), raw(out), &n, raw(digest), digest.size()) == 1;
  } else {
    const OwnedContext context = pkcs1(state_->key.get(), hash, &EVP_PKEY_sign_init);
    made = context && EVP_PKEY_sign(context.get(), raw(out), &n, raw(digest), digest.size()) == 1;
  }
  if (!made) return Error{"the signature could not be made", {}};
  out.resize(n);
  return out;
}

std::string PrivateKey::pem() const {
  const QuietQueue quiet;
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PrivateKey(bio.get(), state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return {};
  char* text = nullptr;
  const long n = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(n)};
}

std::string PrivateKey::public_text() const {
  const QuietQueue quiet;
  std::string out(kEd25519Bytes, '\0');
  if (state_->type == KeyType::ed25519) {
    std::size_t n = out.size();
    return EVP_PKEY_get_raw_public_key(state_->key.get(), raw(out), &n) == 1 ? base64(out) : std::string();
  }
  const int n = i2d_PUBKEY(state_->key.get(), nullptr);
  if (n <= 0) return {};
  out.resize(static_cast<std::size_t>(n));
  unsigned char* at = raw(out);
  return i2d_PUBKEY(state_->key.get(), &at) == n ? base64(out) : std::string();
}

}  // namespace postern::crypto
