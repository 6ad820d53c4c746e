#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern {

/// A packet of the MTA's as it comes in, piece by piece: four bytes of length, a command, the data. It knows the one
/// packet that libmilter must not get: macros ('D') are pairs of texts, a NUL after each, and smfi_getsymval() of
/// libmilter 8.17 reads past the end of a list that has an odd number of them.
class IncomingPacket {
 public:
  /// Takes the next bytes, none beyond this packet. False when it is whole with them and libmilter must not get it.
  bool take(std::string_view bytes);

 private:
  std::uint64_t size_ = 0;   // as the length says: of the command and the data
  std::uint64_t taken_ = 0;  // of the length, too
  char command_ = '\0';
  std::size_t texts_ = 0;  // of macros
};

}  // namespace postern
