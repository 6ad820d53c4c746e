#include "milter/incoming_packet.h"

#include <algorithm>

namespace postern {

namespace {

constexpr std::uint64_t kLengthBytes = 4;
constexpr char kMacros = 'D';

}  // namespace

bool IncomingPacket::take(std::string_view bytes) {
  for (; taken_ <= kLengthBytes && !bytes.empty(); ++taken_, bytes.remove_prefix(1)) {
    if (taken_ < kLengthBytes)
      size_ = size_ << 8U | static_cast<unsigned char>(bytes.front());
    else
      command_ = bytes.front();
  }
  if (command_ != kMacros) return true;
  taken_ += bytes.size();
  texts_ += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\0'));
  return taken_ < kLengthBytes + size_ || texts_ % 2 == 0;
}

}  // namespace postern
