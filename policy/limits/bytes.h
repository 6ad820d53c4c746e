#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Numbers as bytes, for what is stored: seven bits a byte, the least first; or eight bytes.
namespace postern::limits::bytes {

inline void put_number(std::string& out, std::uint64_t n) {
  for (; n >= 0x80; n >>= 7) out.push_back(static_cast<char>(0x80 | (n & 0x7f)));
  out.push_back(static_cast<char>(n));
}
inline void put_word(std::string& out, std::uint64_t n) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(n >> (8 * i) & 0xff));
}

/// Reads them again. What is not there, or not below `limit`, reads as 0, and makes it not ok().
class Input {
 public:
  explicit Input(std::string_view rest) : rest_(rest) {}

  std::uint64_t number(std::uint64_t limit) {
    std::uint64_t n = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const std::uint64_t byte = next();
      n |= (byte & 0x7f) << shift;
      if (byte < 0x80) return n < limit ? n : fail();
    }
    return fail();
  }
  std::int64_t amount(std::int64_t limit) {
    return static_cast<std::int64_t>(number(static_cast<std::uint64_t>(limit)));
  }
  std::uint64_t word() {
    std::uint64_t n = 0;
    for (int i = 0; i < 8; ++i) n |= std::uint64_t{next()} << (8 * i);
    return n;
  }
  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::uint8_t next() {
    if (rest_.empty()) return static_cast<std::uint8_t>(fail());
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::uint64_t fail() {
    ok_ = false;
    return 0;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace postern::limits::bytes
