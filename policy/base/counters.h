#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace postern {

/// A number that only grows, or a gauge that goes both ways. Lock-free.
class Counter {
 public:
  void add(std::int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// The counters of the process by name ("dns.cache.hits"). Names come from the program alone, never from the wire, so
/// the set is bounded. Ask for a counter once and keep the reference: it stays valid as long as this object.
/// Thread-safe.
class Counters {
 public:
  Counter& get(std::string_view name);
  std::map<std::string, std::int64_t> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_;
};

}  // namespace postern
