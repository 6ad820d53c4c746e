#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "policy/accounts/callout/verdict.h"
#include "policy/base/deadline.h"
#include "policy/base/guarded.h"
#include "policy/base/pool.h"
#include "policy/base/stream.h"

namespace postern::callout {

/// Runs what finds something out, once a key at a time however many ask, on threads of its own: whoever asks waits
/// softly, and the work goes on without him. Thread-safe.
class Prober {
 public:
  struct Options {
    std::size_t threads = 8;  ///< with 0 whoever asks does the work himself
    std::size_t queue = 256;
    std::size_t per_group = 2;  ///< keys of one group (a domain) at a time: a slow one does not take all threads
    std::chrono::milliseconds hard{60000};  ///< for the work, from its beginning
    std::string thread_name;
  };
  using Work = std::function<Verdict(SteadyTime until)>;

  explicit Prober(const Options& options)
      : options_(options), pool_(options.thread_name, options.threads, options.queue) {}
  /// Raises the interrupt, and waits for what runs.
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// The verdict of `work`, or of the one that is under way for this key; unknown and late where it is not there by
  /// `deadline`, unknown and busy where there is no room for one more. `work` does not throw.
  Verdict ask(const std::string& key, const std::string& group, Work work, const Deadline& deadline);
  /// Lets it be done, and waits for nothing.
  void start(const std::string& key, const std::string& group, Work work);

  /// What work is to watch: raised when this ends.
  const Interrupt& interrupt() const { return interrupt_; }
  std::size_t running() const {
    return running_.with([](std::size_t n) { return n; });
  }
  std::size_t under_way() const;

 private:
  struct Flight {
    std::mutex mutex;
    std::condition_variable landed;
    std::optional<Verdict> verdict;
  };
  struct Flights {
    std::map<std::string, std::shared_ptr<Flight>, std::less<>> by_key;
    std::map<std::string, std::size_t, std::less<>> groups;
  };
  std::shared_ptr<Flight> take_off(const std::string& key, const std::string& group, Work work);
  void fly(const std::string& key, const std::string& group, const Work& work, Flight& flight);
  void land(const std::string& key, const std::string& group, Flight& flight, Verdict verdict);

  const Options options_;
  Interrupt interrupt_;
  Guarded<Flights> flights_;
  Guarded<std::size_t> running_;
  Pool pool_;  // last: its threads use all of the above
};

}  // namespace postern::callout
