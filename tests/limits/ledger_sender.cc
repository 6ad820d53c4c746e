// Sends as a login would whose limit is MOST in an hour, one after the other with a pause, until it is killed: each that
// the ledger has let through is a line on standard output, with the moment in µs.
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>

#include "policy/limits/memory_ledger.h"
#include "policy/store/make_store.h"

int main(int count, char** words) {
  using namespace postern;
  if (count != 4) return 2;
  const std::string path = words[1];
  const std::array<limits::Allowance, 1> allow{{{.most = std::atoll(words[2]), .window = std::chrono::hours(1)}}};
  const std::chrono::microseconds pause(std::atoll(words[3]));
  const SystemClock clock;
  Counters counters;
  const auto store = store::make_store({.type = store::Options::Type::sqlite, .path = path}, clock, counters);
  if (!store) return 2;
  limits::MemoryLedger ledger({}, clock, counters, store->get());
  const limits::Demand demand{.limit = "per-account", .key = "alice@example.org", .allow = allow};
  for (;;) {
    limits::Answer answer;
    std::vector<limits::Hold> holds;
    ledger.reserve({&demand, 1}, {&answer, 1}, holds, Deadline(SteadyTime::max()));
    ledger.commit(holds);
    if (!holds.empty()) {
      const auto at = std::chrono::duration_cast<std::chrono::microseconds>(clock.now().time_since_epoch()).count();
      const std::string line = std::to_string(at) + "\n";
      if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 3;
    }
    std::this_thread::sleep_for(pause);
  }
}
