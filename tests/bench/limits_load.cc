// limits_load: what a ledger in memory takes under a flood of keys, and how long it takes to have a million back. One JSON
// line; times in µs, memory in KiB.

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "policy/limits/memory_ledger.h"
#include "policy/store/make_store.h"
#include "tests/bench/process.h"
#include "tests/bench/samples.h"

namespace {

using namespace postern;
using namespace postern::limits;
using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

constexpr const char* kUsage =
    "usage: limits_load flood KEYS MOST-BYTES   unique keys, each once: every tenth of them, then those that were "
    "first\n"
    "       limits_load fill PATH KEYS          so many accounts into a store\n"
    "       limits_load start PATH              has them back\n";

constexpr std::array<Allowance, 2> kAllow{{{.most = 1'000, .window = 1h}, {.most = 5'000, .window = 24h}}};

Time now() { return std::chrono::steady_clock::now(); }
std::size_t memory() { return bench::pss_kib(getpid()); }

bool once(MemoryLedger& ledger, std::string_view key) {
  const Demand demand{.limit = "per-sender", .key = key, .allow = kAllow};
  Answer answer;
  std::vector<Hold> holds;
  ledger.reserve({&demand, 1}, {&answer, 1}, holds, Deadline(SteadyTime::max()));
  ledger.commit(holds);
  return !answer.coarse;
}

std::string flood(std::uint64_t keys, std::size_t most_bytes) {
  const SystemClock clock;
  Counters counters;
  MemoryLedger ledger({.most_bytes = most_bytes}, clock, counters, nullptr);
  const std::uint64_t part = std::max<std::uint64_t>(keys / 10, 1);
  bench::Samples samples(part);
  const std::size_t before = memory();
  std::string parts;
  std::uint64_t own = 0;
  const auto key = [](std::uint64_t i) { return fmt::format("user{}@sender{}.example", i, i / 3); };
  const auto tell = [&] {
    parts += fmt::format("{}{}", parts.empty() ? "" : ",", samples.json());
    samples.clear();
  };
  for (std::uint64_t i = 0; i < keys; ++i) {
    const std::string one = key(i);
    samples.time([&] { own += once(ledger, one) ? 1u : 0u; });
    if ((i + 1) % part == 0) tell();
  }
  const std::size_t grown = memory() - before;
  const bench::Scattered scattered(std::max<std::uint64_t>(own / 2, 1));
  for (std::uint64_t i = 0; i < part; ++i) {
    const std::string one = key(scattered(i));
    samples.time([&] { once(ledger, one); });
  }
  const std::string first = samples.json();
  return fmt::format(
      "\"each_tenth_us\":[{}],\"those_first_us\":{},\"grown_kib\":{},\"most_kib\":{},\"own\":{},\"coarse\":{},"
      "\"accounts\":{}",
      parts, first, grown, most_bytes >> 10, own, counters.get("limits.coarse").value(),
      counters.get("limits.accounts").value());
}

/// The store with its file, and what is counted in it.
struct Stored {
  explicit Stored(const std::string& path)
      : store_([&] {
          auto made = store::make_store({.type = store::Options::Type::sqlite,
                                         .path = path,
                                         .most_entries = 20'000'000,
                                         .most_bytes = std::size_t{4} << 30},
                                        clock, counters);
          if (!made) throw std::runtime_error(made.error().message);
          return std::move(*made);
        }()),
        began(now()),
        ledger({.most_bytes = std::size_t{4} << 30}, clock, counters, store_.get()) {}

  const SystemClock clock;
  Counters counters;
  std::unique_ptr<store::Store> store_;
  const Time began;
  MemoryLedger ledger;
};

std::string fill(const std::string& path, std::uint64_t keys) {
  Stored stored(path);
  for (std::uint64_t i = 0; i < keys; ++i) once(stored.ledger, fmt::format("user{}@acme.example", i));
  const Time began = now();
  if (!stored.ledger.save(Deadline(now() + 600s))) throw std::runtime_error("the store does not write");
  return fmt::format("\"save_seconds\":{:.2f}", bench::seconds_since(began));
}

std::string start(const std::string& path) {
  const double cpu = bench::cpu_seconds(getpid());
  Stored stored(path);
  const double took = bench::seconds_since(stored.began);
  return fmt::format("\"start_seconds\":{:.2f},\"cpu_seconds\":{:.2f},\"restored\":{},\"bad\":{}", took,
                     bench::cpu_seconds(getpid()) - cpu, stored.counters.get("limits.restored").value(),
                     stored.counters.get("limits.restore_bad").value());
}

}  // namespace

int main(int count, char** words) {
  const std::string_view what = count > 2 ? words[1] : "";
  try {
    std::string result;
    if (what == "flood" && count == 4) {
      result = flood(std::stoull(words[2]), std::stoull(words[3]));
    } else if (what == "fill" && count == 4) {
      result = fill(words[2], std::stoull(words[3]));
    } else if (what == "start" && count == 3) {
      result = start(words[2]);
    } else {
      std::fputs(kUsage, stderr);
      return 2;
    }
    std::puts(("{" + result + "}").c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "limits_load: %s\n", error.what());
    return 1;
  }
}
