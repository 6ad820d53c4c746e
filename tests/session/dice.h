#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace postern::session {

/// Where the chances of a session come from: a seed, or the bytes of a fuzzer.
class Dice {
 public:
  virtual ~Dice() = default;
  /// 0 to `sides` - 1.
  virtual unsigned roll(unsigned sides) = 0;
  bool one_in(unsigned n) { return roll(n) == 0; }
};

class SeededDice final : public Dice {
 public:
  explicit SeededDice(std::uint64_t seed) : random_(seed) {}
  unsigned roll(unsigned sides) override { return static_cast<unsigned>(random_() % sides); }

 private:
  std::mt19937_64 random_;
};

/// The bytes in turn; 0 when they are used up.
class BytesDice final : public Dice {
 public:
  BytesDice(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  unsigned roll(unsigned sides) override { return at_ < size_ ? data_[at_++] % sides : 0; }
  bool is_used_up() const { return at_ >= size_; }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

}  // namespace postern::session
