#include "policy/auth/crypto.h"

#include <algorithm>

#include "policy/auth/dkim/base64.h"

namespace postern::crypto {
namespace {

using dkim::decode_base64;
using dkim::encode_base64;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string hash(Hash which, std::string_view bytes) {
  Digest digest(which);
  for (std::size_t i = 0; i < bytes.size(); ++i) digest.update(bytes.substr(i, 1));
  return digest.finish();
}

/// DER of the parts, one after the other, under a tag.
std::string der(char tag, const std::string& content) {
  std::string length;
  if (content.size() < 128) {
    length = {static_cast<char>(content.size())};
  } else {
    length = {'\x82', static_cast<char>(content.size() >> 8), static_cast<char>(content.size() & 0xff)};
  }
  return tag + length + content;
}
std::string integer(std::string bytes) {
  if ((static_cast<unsigned char>(bytes[0]) & 0x80) != 0) bytes.insert(0, 1, '\0');
  return der('\x02', bytes);
}
/// RSAPublicKey (RFC 8017 A.1.1) of an odd number of so many bits.
std::string rsa_der(std::size_t bits, const std::string& exponent = {1, 0, 1}) {
  std::string modulus((bits + 7) / 8, '\x55');
  modulus[0] = static_cast<char>(1U << ((bits + 7) % 8));
  return der('\x30', integer(modulus) + integer(exponent));
}

std::string said(const Result<std::shared_ptr<const PublicKey>>& key) {
  return key ? std::to_string((*key)->bits()) : key.error().message;
}

TEST(Crypto, Hashes) {  // FIPS 180-4 examples
  EXPECT_EQ(hex(hash(Hash::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(hash(Hash::sha256, "abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Crypto, VerifiesWhatItSigned) {
  for (const KeyType type : {KeyType::rsa, KeyType::ed25519}) {
    const auto made = PrivateKey::generate(type, 1024);
    ASSERT_TRUE(made);
    const auto key = PrivateKey::from_pem((*made)->pem());
    ASSERT_TRUE(key);
    EXPECT_EQ((*key)->public_text(), (*made)->public_text());
    EXPECT_EQ((*key)->type(), type);
    const std::string raw = *decode_base64((*key)->public_text());
    const auto open = type == KeyType::rsa ? PublicKey::rsa(raw) : PublicKey::ed25519(raw);
    ASSERT_TRUE(open) << open.error().message;
    for (const Hash which : {Hash::sha1, Hash::sha256}) {
      if (type == KeyType::ed25519 && which == Hash::sha1) continue;
      const std::string digest = hash(which, "message");
      std::string signature = *(*key)->sign(which, digest);
      EXPECT_TRUE((*open)->verify(which, digest, signature));
      EXPECT_FALSE((*open)->verify(which, hash(which, "massage"), signature));
      EXPECT_FALSE((*open)->verify(which, digest, signature.substr(1)));
      EXPECT_FALSE((*open)->verify(which, digest, ""));
      EXPECT_FALSE((*open)->verify(which, "", signature));
      signature[3] = static_cast<char>(signature[3] ^ 1);
      EXPECT_FALSE((*open)->verify(which, digest, signature));
    }
  }
}

TEST(Crypto, VerifiesOnlyUnderTheHashThatWasSigned) {
  const auto key = *PrivateKey::generate(KeyType::rsa, 1024);
  const auto open = *PublicKey::rsa(*decode_base64(key->public_text()));
  const std::string digest = hash(Hash::sha1, "message");
  EXPECT_FALSE(open->verify(Hash::sha256, digest, *key->sign(Hash::sha1, digest)));
}

TEST(Crypto, TakesBothFormsOfAnRsaKey) {  // RFC 6376 3.6.1, erratum 3017
  const auto key = *PrivateKey::generate(KeyType::rsa, 1024);
  const std::string info = *decode_base64(key->public_text());
  const std::string bare = info.substr(info.size() - 140);  // SEQUENCE of two INTEGERs, 137 bytes
  ASSERT_EQ(bare.substr(0, 2), "\x30\x81");
  const std::string digest = hash(Hash::sha256, "message");
  for (const std::string& bytes : {info, bare}) {
    const auto open = PublicKey::rsa(bytes);
    ASSERT_TRUE(open) << open.error().message;
    EXPECT_TRUE((*open)->verify(Hash::sha256, digest, *key->sign(Hash::sha256, digest)));
    EXPECT_EQ(said(PublicKey::rsa(bytes + "x")), "no RSA key");
    EXPECT_EQ(said(PublicKey::rsa(bytes.substr(0, bytes.size() - 1))), "no RSA key");
  }
}

TEST(Crypto, BoundsKeys) {  // FAULTS T31
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(511))), "RSA key of 511 bits");
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(512))), "512");
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(8192))), "8192");
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(16384))), "16384");
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(16385))), "RSA key of 16385 bits");
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(33000))), "the key is too large");
  const std::string unusable = "RSA key with an unusable exponent";
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(1024, {3}))), "1024");
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(1024, {'\xff', '\xff', '\xff', '\xff'}))), "1024");
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(1024, {1, 0, 0, 0, 1}))), unusable);
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(1024, std::string(128, '\x55')))), unusable);
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(1024, {1}))), unusable);
  EXPECT_EQ(said(PublicKey::rsa(rsa_der(1024, {2}))), unusable);
  EXPECT_EQ(said(PublicKey::rsa("")), "no RSA key");
  EXPECT_EQ(said(PublicKey::ed25519(std::string(31, 'x'))), "Ed25519 key of 31 bytes");
  EXPECT_EQ(said(PublicKey::ed25519("")), "Ed25519 key of 0 bytes");
  // What it says of itself need not be true: nothing but the answer "no" may come of it.
  EXPECT_FALSE((*PublicKey::rsa(rsa_der(16384)))->verify(Hash::sha256, std::string(32, 'x'), std::string(2048, 'x')));
}

TEST(Crypto, TakesNoOtherKeys) {
  // An EC key of P-256 as SubjectPublicKeyInfo.
  const std::string ec =
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7L"
      "tkBoN79R9Q==";
  EXPECT_EQ(said(PublicKey::rsa(*decode_base64(ec))), "no RSA key");
  for (const char* text : {"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"})
    EXPECT_FALSE(PrivateKey::from_pem(text));
  EXPECT_FALSE(PrivateKey::from_pem(std::string(100'000, 'x')));
  EXPECT_FALSE(PrivateKey::generate(KeyType::rsa, 256));
}

}  // namespace
}  // namespace postern::crypto
