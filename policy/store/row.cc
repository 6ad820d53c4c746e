#include "policy/store/row.h"

#include <algorithm>

#include "policy/base/sip_hash.h"

namespace postern::store::row {

namespace {

constexpr SipKey kMarkKey{0x706f737465726e21, 1};  // stands in files: no secret, it guards against accidents alone

}  // namespace

std::int64_t time_to_file(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime time_from_file(std::int64_t time) {
  constexpr auto kMost = std::chrono::duration_cast<std::chrono::milliseconds>(WallTime::max().time_since_epoch());
  return WallTime(std::chrono::milliseconds(std::clamp<std::int64_t>(time, 0, kMost.count())));
}

std::int64_t mark(Space space, std::string_view key, std::string_view value, std::int64_t expires) {
  const SipKey chained{sip_hash(kMarkKey, key, static_cast<std::uint16_t>(space)), static_cast<std::uint64_t>(expires)};
  return static_cast<std::int64_t>(sip_hash(chained, value));
}

}  // namespace postern::store::row
