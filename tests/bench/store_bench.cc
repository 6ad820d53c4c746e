// The part of accounts_bench that is about the store.

#include "tests/bench/store_bench.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>

#include "policy/store/make_store.h"
#include "tests/bench/samples.h"
#include "tests/support/temp_folder.h"

namespace postern::bench {

namespace {

using namespace std::chrono_literals;
using store::Options;
using store::Space;

constexpr std::uint64_t kEntries = 100'000;
constexpr Space kSpace = Space::evidence;

std::string key(std::uint64_t i) { return fmt::format("user{}@acme.example", i); }

/// A store with kEntries in it, all written; filled at its first use.
class Filled {
 public:
  explicit Filled(Options::Type type) {
    options_.type = type;
    options_.path = folder_ / "store.db";
  }

  store::Store& get() {
    if (!store_) {
      reopen();
      for (std::uint64_t i = 0; i < kEntries; ++i) {
        store_->put(kSpace, key(i), "known", tomorrow());
        if (i % 10'000 == 0) store_->wait(store_->last(), Deadline(clock_.now() + 10s));
      }
      store_->wait(store_->last(), Deadline(clock_.now() + 10s));
    }
    return *store_;
  }
  void reopen() {
    store_.reset();
    auto made = store::make_store(options_, clock_, counters_);
    if (made) store_ = std::move(*made);
  }
  WallTime tomorrow() const { return clock_.wall() + 24h; }

 private:
  const test::TempFolder folder_;
  const SystemClock clock_;
  Counters counters_;
  Options options_;
  std::unique_ptr<store::Store> store_;
};

void put(benchmark::State& state, Filled& filled) {
  store::Store& store = filled.get();
  std::uint64_t i = 0;
  for (auto _ : state) store.put(kSpace, key(i++ % kEntries), "known", filled.tomorrow());
}

void add(benchmark::State& state, Filled& filled) {
  store::Store& store = filled.get();
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(store.add(Space::misses, key(i++ % 1000), 1, filled.tomorrow()));
}

void get_warm(benchmark::State& state, Filled& filled) {
  store::Store& store = filled.get();
  std::uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(store.get(kSpace, key(i++ % 1000)));
}

/// Each key once, of a store that has only just been opened.
void get_cold(benchmark::State& state, Filled& filled) {
  filled.get();
  filled.reopen();
  const Scattered scattered(kEntries);
  std::uint64_t i = 0;
  for (auto _ : state) {
    if (!filled.get().get(kSpace, key(scattered(i++)))) state.SkipWithError("an entry is lost");
  }
}

}  // namespace

void register_store_benchmarks() {
  using Call = void (*)(benchmark::State&, Filled&);
  const auto add_one = [](const std::string& name, Call call, const std::shared_ptr<Filled>& filled) {
    return benchmark::RegisterBenchmark(name.c_str(),
                                        [call, filled](benchmark::State& state) { call(state, *filled); });
  };
  using Type = Options::Type;
  for (const auto& [type, name] : {std::pair(Type::memory, "memory"), std::pair(Type::sqlite, "file")}) {
    const auto filled = std::make_shared<Filled>(type);
    add_one(fmt::format("store in {}/get", name), get_warm, filled);
    add_one(fmt::format("store in {}/put", name), put, filled);
    add_one(fmt::format("store in {}/add", name), add, filled);
    if (type == Type::sqlite)
      add_one("store in file/get what is not in memory", get_cold, filled)->Iterations(kEntries);
  }
}

}  // namespace postern::bench
