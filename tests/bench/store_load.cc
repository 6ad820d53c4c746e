// store_load: fills a store, asks it, and prints what it measured as one JSON line. Times in µs, memory in KiB;
// docs/performance.md has the figures.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/store/make_store.h"
#include "tests/bench/process.h"
#include "tests/bench/samples.h"

namespace {

using namespace postern;
using namespace postern::store;
using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

constexpr const char* kUsage =
    "usage: store_load memory KEYS MOST-ENTRIES MOST-BYTES   distinct keys into a store in memory\n"
    "       store_load file PATH ENTRIES                     a file with so many: writing, asking, starting\n"
    "       store_load durable PATH THREADS SECONDS          writes that are each waited for\n";

constexpr Space kSpace = Space::evidence;
constexpr std::string_view kValue = "known 2026-11-28 250 2.1.5";

Time now() { return std::chrono::steady_clock::now(); }
WallTime tomorrow() { return std::chrono::system_clock::now() + 24h; }
std::size_t memory() { return bench::pss_kib(getpid()); }
std::string key(std::uint64_t i) { return fmt::format("user{}@acme.example", i); }

std::unique_ptr<Store> open(const Options& options, const Clock& clock, Counters& counters) {
  auto made = make_store(options, clock, counters);
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

/// How long each tenth of the keys took, first to last, so that it shows what grows with the table.
std::string in_memory(std::uint64_t keys, const Options& options) {
  const SystemClock clock;
  Counters counters;
  const auto store = open(options, clock, counters);
  const std::uint64_t part = std::max<std::uint64_t>(keys / 10, 1);
  bench::Samples samples(part);
  const WallTime expires = tomorrow();
  const std::size_t before = memory();
  std::string parts;
  const Time began = now();
  for (std::uint64_t i = 0; i < keys; ++i) {
    const std::string one = key(i);
    samples.time([&] { store->put(kSpace, one, kValue, expires); });
    if ((i + 1) % part != 0) continue;
    parts += fmt::format("{}{}", parts.empty() ? "" : ",", samples.json());
    samples.clear();
  }
  return fmt::format("\"seconds\":{:.2f},\"put_us\":[{}],\"grown_kib\":{},\"entries\":{},\"evicted\":{}",
                     bench::seconds_since(began), parts, memory() - before, store->health().entries,
                     counters.get("store.evicted").value());
}

/// Writes faster than the file takes them would be dropped: waits now and then.
template <class Write>
double sustained(Store& store, std::uint64_t entries, Write write) {
  constexpr std::uint64_t kBetweenWaits = 20'000;
  const Time began = now();
  for (std::uint64_t i = 0; i < entries; ++i) {
    write(i);
    if ((i + 1) % kBetweenWaits == 0 && !store.wait(store.last(), Deadline(now() + 60s)))
      throw std::runtime_error("the store does not write: " + store.health().problem);
  }
  if (!store.wait(store.last(), Deadline(now() + 60s))) throw std::runtime_error("the store does not write");
  return static_cast<double>(entries) / bench::seconds_since(began);
}

std::string asked(Store& store, std::uint64_t entries, std::uint64_t asks) {
  bench::Samples samples(asks);
  const bench::Scattered scattered(entries);
  for (std::uint64_t i = 0; i < asks; ++i) {
    const std::string one = key(scattered(i));
    samples.time([&] {
      if (!store.get(kSpace, one)) throw std::runtime_error(one + " is lost");
    });
  }
  return samples.json();
}

std::string in_file(const std::string& path, std::uint64_t entries) {
  const SystemClock clock;
  Counters counters;
  Options options{.type = Options::Type::sqlite, .path = path};
  options.most_entries = entries + 1000;
  const WallTime expires = tomorrow();
  double puts = 0, adds = 0;
  {
    const auto store = open(options, clock, counters);
    puts = sustained(*store, entries, [&](std::uint64_t i) { store->put(kSpace, key(i), kValue, expires); });
    const std::uint64_t counts = std::max<std::uint64_t>(entries / 10, 1);
    adds = sustained(*store, counts, [&](std::uint64_t i) { store->add(Space::misses, key(i % 1000), 1, expires); });
  }
  const Time began = now();
  const auto store = open(options, clock, counters);
  if (!store->get(kSpace, key(entries / 2))) throw std::runtime_error("an entry is lost");
  const double start = bench::seconds_since(began);
  while (store->health().entries < entries && bench::seconds_since(began) < 120) std::this_thread::sleep_for(10ms);
  const double counted = bench::seconds_since(began);
  const std::size_t before = memory();
  const std::uint64_t asks = std::min<std::uint64_t>(entries, 50'000);  // as many as stay in memory
  const std::string cold = asked(*store, entries, asks);
  const std::string warm = asked(*store, entries, asks);
  return fmt::format(
      "\"puts_per_second\":{:.0f},\"adds_per_second\":{:.0f},\"start_ms\":{:.2f},\"counted_ms\":{:.0f},"
      "\"get_us\":{},\"get_again_us\":{},\"grown_kib\":{}",
      puts, adds, start * 1e3, counted * 1e3, cold, warm, memory() - before);
}

/// `threads` that each write and wait, as many sessions would that must not lose it.
std::string durable(const std::string& path, unsigned threads, unsigned seconds) {
  const SystemClock clock;
  Counters counters;
  const auto store = open({.type = Options::Type::sqlite, .path = path}, clock, counters);
  std::vector<bench::Samples> samples(threads, bench::Samples(1));
  std::vector<std::size_t> done(threads);
  const Time until = now() + std::chrono::seconds(seconds);
  std::vector<std::thread> running;
  for (unsigned t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (; now() < until; ++done[t]) {
        samples[t].time([&] {
          const Ticket ticket = store->put(kSpace, key(t * 10'000'000 + done[t]), kValue, tomorrow());
          store->wait(ticket, Deadline(now() + 10s));
        });
      }
    });
  }
  for (std::thread& one : running) one.join();
  std::size_t all = 0;
  for (unsigned t = 0; t < threads; ++t) {
    all += done[t];
    if (t > 0) samples[0].add(samples[t]);
  }
  return fmt::format("\"per_second\":{:.0f},\"put_and_wait_us\":{}", static_cast<double>(all) / seconds,
                     samples[0].json());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view what = argc > 1 ? argv[1] : "";
    std::string measured;
    if (what == "memory" && argc == 5) {
      Options options;
      options.most_entries = std::stoull(argv[3]);
      options.most_bytes = std::stoull(argv[4]);
      measured = in_memory(std::stoull(argv[2]), options);
    } else if (what == "file" && argc == 4) {
      measured = in_file(argv[2], std::stoull(argv[3]));
    } else if (what == "durable" && argc == 5) {
      measured =
          durable(argv[2], static_cast<unsigned>(std::stoul(argv[3])), static_cast<unsigned>(std::stoul(argv[4])));
    } else {
      std::fputs(kUsage, stderr);
      return 2;
    }
    fmt::print("{{\"kib\":{},{}}}\n", memory(), measured);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "store_load: %s\n", error.what());
    return 1;
  }
}
