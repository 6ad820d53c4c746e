// What a decision of a limit in memory costs: one reserve() and its commit(), two windows.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "policy/limits/memory_ledger.h"
#include "tests/bench/samples.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

constexpr std::array<Allowance, 2> kAllow{{{.most = 1'000'000, .window = 1h}, {.most = 10'000'000, .window = 24h}}};

/// An address, written where it stands: to fetch it from memory would be no part of what is measured.
class Key {
 public:
  explicit Key(std::size_t i) {
    for (std::size_t at = kDigits; at > 0; i /= 10) text_[4 + --at] = static_cast<char>('0' + i % 10);
  }
  std::string_view text() const { return {text_.data(), text_.size()}; }

 private:
  static constexpr std::size_t kDigits = 7;
  std::array<char, 24> text_{'u', 's', 'e', 'r', '0', '0', '0', '0', '0', '0', '0', '@',
                             'a', 'c', 'm', 'e', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'};
};

/// A ledger that knows so many keys.
class Filled {
 public:
  explicit Filled(std::size_t count)
      : ledger_({.most_bytes = std::size_t{2} << 30}, clock_, counters_, nullptr), scattered_(count) {
    std::vector<Hold> holds;
    for (std::size_t i = 0; i < count; ++i) once(i, holds);
  }

  void once(std::size_t i, std::vector<Hold>& holds) {
    const Key key(i);
    const Demand demand{.limit = "per-account", .key = key.text(), .allow = kAllow};
    Answer answer;
    holds.clear();
    ledger_.reserve({&demand, 1}, {&answer, 1}, holds, Deadline(SteadyTime::max()));
    ledger_.commit(holds);
  }
  /// Another key each time, in an order that no cache foresees.
  std::size_t scattered(std::uint64_t i) const { return scattered_(i); }
  MemoryLedger& ledger() { return ledger_; }

 private:
  const SystemClock clock_;
  Counters counters_;
  MemoryLedger ledger_;
  const bench::Scattered scattered_;
};

/// Filled at its first use.
class Lazily {
 public:
  explicit Lazily(std::size_t count) : count_(count) {}
  Filled& get() {
    const std::lock_guard lock(mutex_);
    if (!filled_) filled_ = std::make_unique<Filled>(count_);
    return *filled_;
  }

 private:
  const std::size_t count_;
  std::mutex mutex_;
  std::unique_ptr<Filled> filled_;
};

void decide(benchmark::State& state, Filled& filled) {
  std::uint64_t i = static_cast<std::uint64_t>(state.thread_index()) * 4'999;
  std::vector<Hold> holds;  // as a session has one
  for (auto _ : state) filled.once(filled.scattered(i++), holds);
  state.SetItemsProcessed(state.iterations());
}

void look(benchmark::State& state, Filled& filled) {
  std::uint64_t i = 0;
  for (auto _ : state) {
    const Key key(filled.scattered(i++));
    const Demand demand{.limit = "per-account", .key = key.text(), .allow = kAllow};
    Answer answer;
    filled.ledger().look({&demand, 1}, {&answer, 1}, Deadline(SteadyTime::max()));
    benchmark::DoNotOptimize(answer);
  }
}

/// Five limits of one message.
void five(benchmark::State& state, Filled& filled) {
  constexpr std::array<std::string_view, 5> kLimits{"a", "b", "c", "d", "e"};
  std::uint64_t i = 0;
  std::vector<Hold> holds;
  for (auto _ : state) {
    std::array<Demand, 5> demands;
    std::array<Answer, 5> answers;
    const Key key(filled.scattered(i++));
    for (std::size_t d = 0; d < demands.size(); ++d)
      demands[d] = {.limit = kLimits[d], .key = key.text(), .allow = kAllow};
    holds.clear();
    filled.ledger().reserve(demands, answers, holds, Deadline(SteadyTime::max()));
    filled.ledger().commit(holds);
  }
}

void register_benchmarks() {
  for (const std::size_t keys : {10'000u, 1'000'000u}) {
    const auto lazy = std::make_shared<Lazily>(keys);
    const auto add = [&](const char* name, void (*call)(benchmark::State&, Filled&)) {
      return benchmark::RegisterBenchmark(fmt::format("limits/{} of {} keys", name, keys).c_str(),
                                          [call, lazy](benchmark::State& state) { call(state, lazy->get()); });
    };
    add("reserve and commit", decide);
    add("reserve and commit, two threads", decide)->Threads(2)->UseRealTime();
    add("look", look);
    add("five limits of a message", five);
  }
}

}  // namespace
}  // namespace postern::limits

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  postern::limits::register_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
