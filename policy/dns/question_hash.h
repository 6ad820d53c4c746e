#pragma once

#include <cstddef>
#include <cstdint>

#include "policy/base/sip_hash.h"
#include "policy/dns/resolver.h"

namespace postern::dns {

/// SipHash of a question under a key of its own: strangers choose the names, and must not choose the buckets.
class QuestionHash {
 public:
  /// Makes a random key.
  QuestionHash();
  QuestionHash(std::uint64_t key0, std::uint64_t key1) : key_{key0, key1} {}

  std::size_t operator()(const Question& question) const;

 private:
  SipKey key_;
};

}  // namespace postern::dns
