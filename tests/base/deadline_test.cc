#include "policy/base/deadline.h"

#include <thread>

namespace postern {
namespace {

class Seen final : public WaitObserver {
 public:
  explicit Seen(std::mutex& mutex) : mutex_(mutex) {}
  void begins() override { note('b'); }
  void goes_on() override { note('.'); }
  void ends() override { note('e'); }
  std::string notes;

 private:
  // The observer writes to sockets: it must never be told under the lock of what is waited for.
  void note(char c) {
    EXPECT_TRUE(mutex_.try_lock());
    mutex_.unlock();
    notes += c;
  }
  std::mutex& mutex_;
};

TEST(Deadline, TellsNobodyWhenThereIsNothingToWaitFor) {
  std::mutex mutex;
  Seen seen(mutex);
  std::condition_variable changed;
  std::unique_lock lock(mutex);
  EXPECT_TRUE(Deadline(std::chrono::steady_clock::now(), &seen).wait(lock, changed, [] { return true; }));
  EXPECT_EQ(seen.notes, "");
}

TEST(Deadline, TellsThatAWaitBeginsGoesOnAndEnds) {
  std::mutex mutex;
  Seen seen(mutex);
  std::condition_variable changed;
  std::unique_lock lock(mutex);
  EXPECT_FALSE(
      Deadline(std::chrono::steady_clock::now() + std::chrono::milliseconds(1200), &seen).wait(lock, changed, [] {
        return false;
      }));
  EXPECT_EQ(seen.notes, "b.e");
}

TEST(Deadline, AWaitEndsWithWhatItWaitsFor) {
  std::mutex mutex;
  std::condition_variable changed;
  bool there = false;
  std::thread other([&] {
    const std::lock_guard lock(mutex);
    there = true;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  EXPECT_TRUE(
      Deadline(std::chrono::steady_clock::now() + std::chrono::seconds(20)).wait(lock, changed, [&] { return there; }));
  lock.unlock();
  other.join();
}

}  // namespace
}  // namespace postern
