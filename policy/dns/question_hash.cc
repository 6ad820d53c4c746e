#include "policy/dns/question_hash.h"

#include <bit>
#include <random>
#include <string>

namespace postern::dns {

namespace {

// Aumasson and Bernstein, "SipHash: a fast short-input PRF"; one compression and three finalization rounds.
struct SipState {
  std::uint64_t v0, v1, v2, v3;

  SipState(std::uint64_t key0, std::uint64_t key1)
      : v0(key0 ^ 0x736f6d6570736575),
        v1(key1 ^ 0x646f72616e646f6d),
        v2(key0 ^ 0x6c7967656e657261),
        v3(key1 ^ 0x7465646279746573) {}

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

std::uint64_t random_word() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

QuestionHash::QuestionHash() : key0_(random_word()), key1_(random_word()) {}

std::size_t QuestionHash::operator()(const Question& question) const {
  SipState state(key0_, key1_);
  const std::string& name = question.name.text();
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(name[i])} << (8 * (i % 8));
    if (i % 8 == 7) {
      state.word(word);
      word = 0;
    }
  }
  state.word(word);
  state.word((std::uint64_t{name.size()} << 16) | static_cast<std::uint16_t>(question.type));
  state.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace postern::dns
