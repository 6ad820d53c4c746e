#pragma once

#include <cstdint>
#include <string_view>

namespace postern {

/// The key of a keyed hash: who does not know it cannot choose what meets in one bucket (CWE-407).
struct SipKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  static SipKey random();
};

/// SipHash-1-3 of the bytes and of a tag: of which kind they are.
std::uint64_t sip_hash(const SipKey& key, std::string_view bytes, std::uint16_t tag = 0);

}  // namespace postern
