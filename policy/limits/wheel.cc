#include "policy/limits/wheel.h"

#include <algorithm>

namespace postern::limits {

void Link::leave() {
  next->previous = previous;
  previous->next = next;
  next = previous = this;
}

void Link::stand_before(Link& other) {
  previous = other.previous;
  next = &other;
  previous->next = this;
  other.previous = this;
}

void Wheel::put(Link& link, std::int64_t due) {
  link.leave();
  due = std::clamp(due, at_ + 1, at_ + (std::int64_t{1} << (kBits * kLevels)) - 1);
  int shift = 0;
  std::size_t level = 0;
  while ((due - at_) >> shift >= static_cast<std::int64_t>(kSlots)) {
    shift += kBits;
    ++level;
  }
  link.stand_before(slots_[level][static_cast<std::size_t>(due >> shift) % kSlots]);
}

/// The next second: what is due then, and what is to be looked at once more then, comes.
void Wheel::tick() {
  ++at_;
  int shift = 0;
  for (auto& level : slots_) {
    Link& slot = level[static_cast<std::size_t>(at_ >> shift) % kSlots];
    if (!slot.alone()) {  // all of it at once
      slot.next->previous = due_.previous;
      due_.previous->next = slot.next;
      slot.previous->next = &due_;
      due_.previous = slot.previous;
      slot.next = slot.previous = &slot;
    }
    shift += kBits;
    if (at_ % (std::int64_t{1} << shift) != 0) return;
  }
}

}  // namespace postern::limits
