#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/base/result.h"

namespace postern::crypto {

enum class Hash { sha1, sha256 };
enum class KeyType { rsa, ed25519 };

/// A hash of bytes that come in pieces.
class Digest {
 public:
  explicit Digest(Hash hash);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void update(std::string_view bytes);
  /// The raw hash; once.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The raw hash of `bytes`.
std::string digest(Hash hash, std::string_view bytes);

/// A key to verify with. Immutable, thread-safe.
class PublicKey {
 public:
  /// An RSA key as SubjectPublicKeyInfo, or as the RSAPublicKey inside it (RFC 6376 3.6.1 and erratum 3017), in DER.
  static Result<std::shared_ptr<const PublicKey>> rsa(std::string_view der);
  /// The 32 bytes of RFC 8032 5.1.5 (RFC 8463 3).
  static Result<std::shared_ptr<const PublicKey>> ed25519(std::string_view bytes);
  ~PublicKey();

  KeyType type() const;
  int bits() const;
  /// Is `signature` that of the hash `digest`? RSA: PKCS #1 v1.5 (RFC 8301 3.1); Ed25519 signs the hash itself (RFC
  /// 8463 3).
  bool verify(Hash hash, std::string_view digest, std::string_view signature) const;

 private:
  struct State;
  explicit PublicKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A key to sign with. Immutable, thread-safe; never shown.
class PrivateKey {
 public:
  /// PKCS #8 or PKCS #1, in PEM, without a pass phrase.
  static Result<std::shared_ptr<const PrivateKey>> from_pem(std::string_view pem);
  static Result<std::shared_ptr<const PrivateKey>> generate(KeyType type, int rsa_bits = 2048);
  ~PrivateKey();

  KeyType type() const;
  int bits() const;
  Result<std::string> sign(Hash hash, std::string_view digest) const;
  std::string pem() const;          ///< PKCS #8
  std::string public_text() const;  ///< what stands in `p=` of its key record: base64

 private:
  struct State;
  explicit PrivateKey(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::crypto
