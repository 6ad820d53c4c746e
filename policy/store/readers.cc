#include "policy/store/readers.h"

#include <utility>

namespace postern::store {

namespace {

constexpr std::chrono::seconds kPatience{1};  // local: a read takes microseconds, or the disk is dead

}  // namespace

Readers::Lent Readers::borrow() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return lent_ < most_; })) return {nullptr, files_};
  ++lent_;
  if (idle_.empty()) return {std::make_unique<Reader>(path_), files_};
  Lent lent{std::move(idle_.back()), files_};
  idle_.pop_back();
  return lent;
}

void Readers::give_back(Lent lent) {
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    if (lent.of_file == files_) idle_.push_back(std::move(lent.reader));
  }
  changed_.notify_one();
}

void Readers::forget() {
  std::vector<std::unique_ptr<Reader>> closed;
  const std::lock_guard lock(mutex_);
  ++files_;
  closed.swap(idle_);
}

std::uint64_t Readers::files() const {
  const std::lock_guard lock(mutex_);
  return files_;
}

}  // namespace postern::store
