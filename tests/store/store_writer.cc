// Writes into a store until it is killed, and tells on standard output what has been acknowledged: a line "KEY" for an
// entry, "+SUM" for a counter. Without "wait" it acknowledges before anything is durable, which is the counter-test.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/store/make_store.h"
#include "tests/store/store_writer.h"

namespace {

using namespace postern;
using namespace postern::store;

constexpr int kThreads = 4;

void acknowledge(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

void write_for_ever(Store& store, const std::string& name, bool wait) {
  const WallTime later = std::chrono::system_clock::now() + std::chrono::hours(24);
  const auto durable = [&](Ticket ticket) {
    return !wait || store.wait(ticket, Deadline(std::chrono::steady_clock::now() + std::chrono::seconds(30)));
  };
  for (int i = 0;; ++i) {
    const std::string key = name + "-" + std::to_string(i);
    if (durable(store.put(Space::evidence, key, test::value_of(key), later))) acknowledge(key + "\n");
    const std::int64_t sum = store.add(Space::misses, "counter", 1, later);
    if (durable(store.last())) acknowledge("+" + std::to_string(sum) + "\n");
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) return 2;
  const std::string path = words[1];
  const std::string round = words[2];
  const bool wait = std::string_view(words[3]) == "wait";
  const SystemClock clock;
  Counters counters;
  auto made = make_store({.type = Options::Type::sqlite, .path = path}, clock, counters);
  if (!made) return 2;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] { write_for_ever(**made, round + "-" + std::to_string(t), wait); });
  for (std::thread& thread : threads) thread.join();
}
