#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postern::bench {

enum class Colour : std::uint8_t { paper, ink, grey, blue, pale, red };

/// A picture of a few colours, and letters to write on it.
class Picture {
 public:
  Picture(int width, int height)
      : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}

  /// From x, y on; what is outside is left out.
  void fill(int x, int y, int width, int height, Colour colour);
  /// ASCII, each letter kLetterWidth wide and kLetterHeight high.
  void write(int x, int y, std::string_view text, Colour colour = Colour::ink);
  /// The same, ending at x.
  void write_before(int x, int y, std::string_view text, Colour colour = Colour::ink);

  /// The bytes of a PNG file (ISO/IEC 15948).
  std::string png() const;

  static constexpr int kLetterWidth = 12, kLetterHeight = 14;

 private:
  int width_, height_;
  std::vector<Colour> pixels_;
};

}  // namespace postern::bench
