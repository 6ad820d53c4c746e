#include "policy/limits/ring.h"

#include <algorithm>
#include <utility>

namespace postern::limits {

namespace {

constexpr std::size_t kMostRoom = 128;  // slots of a window, and the one that is half outside

}  // namespace

Ring::~Ring() {
  if (room_ > 1) delete[] pairs_.many;
}

Ring::Ring(Ring&& other) noexcept { *this = std::move(other); }

Ring& Ring::operator=(Ring&& other) noexcept {
  std::swap(reference_, other.reference_);
  std::swap(sum_, other.sum_);
  std::swap(pairs_, other.pairs_);
  std::swap(size_, other.size_);
  std::swap(room_, other.room_);
  std::swap(moved_, other.moved_);
  return *this;
}

void Ring::drop(const Shape& shape, Moment now, Budget& budget) {
  std::size_t gone = 0;
  for (; gone < size_ && shape.leaves(slot(gone)) <= now; ++gone) sum_ -= count(gone);
  if (gone == size_) return clear(budget);
  erase(0, gone);
}

void Ring::add(std::int64_t number, std::int64_t n, Budget& budget) {
  if (n <= 0) return;
  n = std::min(n, kMostCount - sum_);
  std::size_t at = size_;
  while (at > 0 && slot(at - 1) > number) --at;  // none but at a restart, and where values move
  sum_ += n;
  if (at > 0 && slot(at - 1) == number) {
    pairs()[at - 1] = pair(number, count(at - 1) + n);
    return;
  }
  if (size_ == room_ && !grow(budget)) {
    moved_ = true;
    if (at == 0) {
      pairs()[0] = pair(slot(0), count(0) + n);
      return;
    }
    if (size_ == 1) {
      reference_ = number;
      pairs()[0] = pair(number, count(0) + n);
      return;
    }
    merge_oldest();
    --at;
  }
  reference_ = size_ == 0 ? number : std::max(reference_, number);
  std::uint64_t* const all = pairs();
  std::copy_backward(all + at, all + size_, all + size_ + 1);
  all[at] = pair(number, n);
  ++size_;
}

std::int64_t Ring::take(std::int64_t number, std::int64_t n) {
  for (std::size_t i = size_; i-- > 0;) {
    if (slot(i) == number) return take_at(i, n);
  }
  for (std::size_t i = 0; moved_ && i < size_; ++i) {
    if (slot(i) > number) return take_at(i, n);
  }
  return 0;
}

void Ring::take_since(std::int64_t number, std::int64_t n) {
  for (std::size_t i = 0; i < size_ && n > 0;) {
    const std::size_t before = size_;
    if (slot(i) >= number) n -= take_at(i, n);
    if (size_ == before) ++i;
  }
}

std::int64_t Ring::take_at(std::size_t i, std::int64_t n) {
  const std::int64_t taken = std::min(n, count(i));
  sum_ -= taken;
  if (taken == count(i))
    erase(i, 1);
  else
    pairs()[i] = pair(slot(i), count(i) - taken);
  return taken;
}

void Ring::clear(Budget& budget) {
  if (room_ > 1) {
    budget.give_back(room_ * sizeof(std::uint64_t));
    delete[] pairs_.many;
  }
  room_ = 1;
  size_ = 0;
  sum_ = 0;
  moved_ = false;
}

std::optional<Moment> Ring::frees(const Shape& shape, std::int64_t n) const {
  for (std::size_t i = 0; i < size_; ++i) {
    n -= count(i);
    if (n <= 0) return shape.leaves(slot(i));
  }
  return std::nullopt;
}

void Ring::erase(std::size_t from, std::size_t many) {
  std::uint64_t* const all = pairs();
  std::copy(all + from + many, all + size_, all + from);
  size_ = static_cast<std::uint8_t>(size_ - many);
}

bool Ring::grow(Budget& budget) {
  const std::size_t room = room_ == 1 ? 4 : std::size_t{room_} * 2;
  if (room > kMostRoom || !budget.has(room * sizeof(std::uint64_t))) return false;
  auto* const many = new std::uint64_t[room];
  std::copy(pairs(), pairs() + size_, many);
  budget.take(room * sizeof(std::uint64_t));
  if (room_ > 1) {
    budget.give_back(room_ * sizeof(std::uint64_t));
    delete[] pairs_.many;
  }
  pairs_.many = many;
  room_ = static_cast<std::uint8_t>(room);
  return true;
}

void Ring::merge_oldest() {
  pairs()[1] = pair(slot(1), count(0) + count(1));
  erase(0, 1);
}

}  // namespace postern::limits
