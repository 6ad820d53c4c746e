#include "policy/base/sip_hash.h"

#include <bit>
#include <cstring>
#include <random>

namespace postern {

namespace {

// Aumasson and Bernstein, "SipHash: a fast short-input PRF"; one compression and three finalization rounds.
struct SipState {
  std::uint64_t v0, v1, v2, v3;

  explicit SipState(const SipKey& key)
      : v0(key.first ^ 0x736f6d6570736575),
        v1(key.second ^ 0x646f72616e646f6d),
        v2(key.first ^ 0x6c7967656e657261),
        v3(key.second ^ 0x7465646279746573) {}

  void round() {
    v0 += v1, v1 = std::rotl(v1, 13), v1 ^= v0, v0 = std::rotl(v0, 32);
    v2 += v3, v3 = std::rotl(v3, 16), v3 ^= v2;
    v0 += v3, v3 = std::rotl(v3, 21), v3 ^= v0;
    v2 += v1, v1 = std::rotl(v1, 17), v1 ^= v2, v2 = std::rotl(v2, 32);
  }
  void word(std::uint64_t m) {
    v3 ^= m;
    round();
    v0 ^= m;
  }
};

std::uint64_t little_endian(const char* bytes, std::size_t count) {
  std::uint64_t word = 0;
  if (count == 8 && std::endian::native == std::endian::little) {
    std::memcpy(&word, bytes, 8);
    return word;
  }
  for (std::size_t i = 0; i < count; ++i) word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

std::uint64_t random_word() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

SipKey SipKey::random() { return {random_word(), random_word()}; }

std::uint64_t sip_hash(const SipKey& key, std::string_view bytes, std::uint16_t tag) {
  SipState state(key);
  const char* at = bytes.data();
  std::size_t rest = bytes.size();
  for (; rest >= 8; rest -= 8, at += 8) state.word(little_endian(at, 8));
  // The last bytes, taken out of the last eight where there are so many.
  const bool at_once = rest > 0 && bytes.size() >= 8;
  state.word(at_once ? little_endian(at + rest - 8, 8) >> (8 * (8 - rest)) : little_endian(at, rest));
  state.word((std::uint64_t{bytes.size()} << 16) | tag);
  state.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace postern
