#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/dns/resolver.h"

namespace postern::dns {

/// SipHash-1-3 of a question under a key of its own: strangers choose the names, and must not choose the buckets
/// (CWE-407).
class QuestionHash {
 public:
  /// Makes a random key.
  QuestionHash();
  QuestionHash(std::uint64_t key0, std::uint64_t key1) : key0_(key0), key1_(key1) {}

  std::size_t operator()(const Question& question) const;

 private:
  std::uint64_t key0_;
  std::uint64_t key1_;
};

}  // namespace postern::dns
