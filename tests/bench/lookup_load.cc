// lookup_load: asks one table or database for many accounts, each once, so that no cache of ours has any, and prints
// what it measured as one JSON line. Times in µs, memory in KiB; docs/performance.md has the figures.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "policy/accounts/guard/guarded_source.h"
#include "policy/accounts/sql/sql_connector.h"
#include "policy/accounts/tables/table_spec.h"
#include "tests/bench/process.h"
#include "tests/bench/samples.h"

namespace {

using namespace postern;
using namespace postern::accounts;
using namespace std::chrono_literals;

constexpr const char* kUsage =
    "usage: lookup_load TYPE:PATH ACCOUNTS LOOKUPS CACHE-ENTRIES CACHE-BYTES\n"
    "TYPE is sqlite, with a table account(login, addresses), or one of a Postfix table in a file (cdb, texthash).\n"
    "It has userN@acme.example for each N below ACCOUNTS.\n";

Deadline soon() { return Deadline(std::chrono::steady_clock::now() + 10s); }

std::shared_ptr<const Connector> sqlite(const std::string& path) {
  SqlSettings settings;
  settings.dsn.path = path;
  Node query;
  query.kind = Node::Kind::scalar;
  query.text = "select login, addresses from account where login = :login";
  Problems problems;
  add_query(settings, Lookup::login, query, problems);
  return make_sql_connector(std::move(settings));
}

std::size_t memory() { return bench::pss_kib(getpid()); }

void expect_found(const Reply& reply, const Question& question) {
  if (reply.status != Reply::Status::found) throw std::runtime_error(question.key + " was not found: " + reply.problem);
}

struct Load {
  std::uint64_t accounts = 0;
  std::uint64_t lookups = 0;
  GuardOptions guard;

  Question question(Lookup lookup, std::uint64_t i) const {
    return {lookup, fmt::format("user{}@acme.example", bench::Scattered(accounts)(i))};
  }
};

/// What one thread sees that asks, and no other.
template <class Ask>
void each_once(const Load& load, Lookup lookup, bench::Samples& samples, Ask ask) {
  for (std::uint64_t i = 0; i < load.lookups; ++i) {
    const Question question = load.question(lookup, i);
    samples.time([&] { expect_found(ask(question), question); });
  }
}

/// As a message does it: through the pool, by way of a cache that has nothing yet. Then the memory that stays.
std::string guarded(const Load& load, const std::shared_ptr<const Connector>& connector) {
  const SystemClock clock;
  Counters counters;
  GuardedSource source(connector, load.guard, clock, counters);
  bench::Samples samples(load.lookups);
  source.find({Lookup::login, "nobody@acme.example"}, soon());  // connects
  const std::size_t before = memory();
  each_once(load, Lookup::login, samples, [&](const Question& question) { return source.find(question, soon()); });
  const std::size_t grown = memory() - before;
  return fmt::format("\"pool_us\":{},\"grown_kib\":{},\"remembered\":{}", samples.json(), grown,
                     source.health().remembered);
}

std::string of_database(const Load& load, const std::string& path) {
  const auto connector = sqlite(path);
  const std::string pool = guarded(load, connector);
  auto made = connector->connect(std::chrono::steady_clock::now() + 10s);
  if (!made) throw std::runtime_error(made.error().message);
  bench::Samples alone(load.lookups);
  each_once(load, Lookup::login, alone,
            [&](const Question& question) { return (*made)->ask(question, std::chrono::steady_clock::now() + 10s); });
  return fmt::format("{},\"alone_us\":{}", pool, alone.json());
}

std::string of_table(const Load& load, std::string_view spec) {
  const std::size_t before = memory();
  const auto began = std::chrono::steady_clock::now();
  Problems problems;
  const auto parsed = parse_table_spec(spec);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  const Table table = open_table(*parsed, {}, problems);
  for (const Problem& problem : problems.all()) fmt::print(stderr, "{}\n", problem.line());
  if (!table.source) throw std::runtime_error("no such table");
  const double seconds = bench::seconds_since(began);
  const std::size_t held = memory() - before;
  bench::Samples alone(load.lookups);
  each_once(load, Lookup::value, alone, [&](const Question& q) { return table.source->find(q, soon()); });
  return fmt::format("\"load_seconds\":{:.3f},\"held_kib\":{},\"alone_us\":{}", seconds, held, alone.json());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  try {
    const std::string spec = argv[1];
    Load load{std::stoull(argv[2]), std::stoull(argv[3]), {}};
    load.guard.found_age = 3600s;
    load.guard.cache_entries = std::stoull(argv[4]);
    load.guard.cache_bytes = std::stoull(argv[5]);
    constexpr std::string_view kSqlite = "sqlite:";
    const std::string measured =
        spec.starts_with(kSqlite) ? of_database(load, spec.substr(kSqlite.size())) : of_table(load, spec);
    fmt::print("{{\"kib\":{},{}}}\n", memory(), measured);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lookup_load: %s\n", error.what());
    return 1;
  }
}
