// accounts_bench: what deciding whose an address is costs with everything in memory, and what the store costs.
// docs/performance.md has the figures.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "config/yaml_reader.h"
#include "policy/accounts/file_directory.h"
#include "policy/accounts/guard/guarded_source.h"
#include "policy/accounts/identity/grant.h"
#include "policy/accounts/identity/identity.h"
#include "policy/accounts/mailbox_lookup.h"
#include "policy/accounts/rows_directory.h"
#include "tests/bench/store_bench.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

using namespace std::chrono_literals;

Deadline soon() { return Deadline(std::chrono::steady_clock::now() + 10s); }

/// One message of one login, and what the directory says of both.
struct Case {
  std::string_view name;
  std::string login, sender, author;  ///< MAIL FROM and Sender; From
  Identity expected;
};

std::string many_addresses() {
  std::string list;
  for (int i = 0; i < 99; ++i) list += fmt::format("{}name{:02}@d{}.example", i > 0 ? " " : "", i, i % 7);
  return list + " last@acme.example";
}

std::vector<Case> cases() {
  return {
      {"the login itself", "tom@acme.example", "tom@acme.example", "tom@acme.example", Identity::own},
      {"3 addresses, the last", "eva@acme.example", "sales@acme.example", "sales@acme.example", Identity::own},
      {"3 addresses, mixed letters", "eva@acme.example", "Sales@Acme.Example", "Sales@Acme.Example", Identity::own},
      {"100 addresses, the last", "many@acme.example", "last@acme.example", "last@acme.example", Identity::own},
      {"an alias of an alias", "eva@acme.example", "eva@acme.example", "news@acme.example", Identity::own},
      {"an extension", "eva@acme.example", "eva@acme.example", "eva+list@acme.example", Identity::own},
      {"a grant, a domain", "tom@acme.example", "tom@acme.example", "any@shop.example", Identity::granted},
      {"a grant, a pattern", "tom@acme.example", "tom@acme.example", "press-7@acme.example", Identity::granted},
      {"UTF-8 local part", "j\u00f6rg@acme.example", "j\u00f6rg@acme.example", "J\u00d6RG@acme.example", Identity::own},
      {"foreign", "tom@acme.example", "eva@acme.example", "eva@acme.example", Identity::foreign},
  };
}

std::string account_file() {
  std::string many;
  for (const std::string_view address : split(many_addresses(), ' ')) many += fmt::format("{}, ", address);
  std::string text = fmt::format(
      "accounts:\n"
      "  eva@acme.example: {{addresses: [eva.long@acme.example, info@acme.example, sales@acme.example]}}\n"
      "  tom@acme.example: {{grants: [shop.example, /press-.*@acme\\.example/]}}\n"
      "  many@acme.example: {{addresses: [{}many@acme.example]}}\n"
      "  j\u00f6rg@acme.example: {{addresses: [post@acme.example]}}\n",
      many);
  for (int i = 0; i < 1000; ++i) text += fmt::format("  user{}@acme.example: {{addresses: u{}@acme.example}}\n", i, i);
  return text + "aliases:\n  news@acme.example: [list@acme.example]\n  list@acme.example: [eva@acme.example]\n";
}

/// The same as rows, as a database answers them.
class Rows final : public Connector {
 public:
  Result<std::unique_ptr<Backend>> connect(SteadyTime) const override {
    return std::unique_ptr<Backend>(std::make_unique<Connected>());
  }
  bool has(Lookup lookup) const override { return lookup != Lookup::value; }
  std::string describe() const override { return "rows"; }

 private:
  class Connected final : public Backend {
   public:
    Reply ask(const Question& question, SteadyTime) override {
      return question.lookup == Lookup::login ? login(question.key) : address(question.key);
    }

   private:
    static Reply login(std::string_view key) {
      const auto row = [](std::string addresses, std::string grants) {
        return Reply::found(
            {Row{{{"active", "1"}, {"addresses", std::move(addresses)}, {"grants", std::move(grants)}}}});
      };
      if (key == "eva@acme.example") return row("eva.long@acme.example info@acme.example sales@acme.example", "");
      if (key == "tom@acme.example") return row("", "shop.example /press-.*@acme\\.example/");
      if (key == "many@acme.example") return row(many_addresses(), "");
      if (key == "j\u00f6rg@acme.example") return row("post@acme.example", "");
      return Reply::absent();
    }
    static Reply address(std::string_view key) {
      if (key == "news@acme.example") return Reply::found({Row{{{"target", "list@acme.example"}}}});
      if (key == "list@acme.example") return Reply::found({Row{{{"target", "eva@acme.example"}}}});
      if (key == "eva@acme.example") return Reply::found({Row{{{"owner", "eva@acme.example"}}}});
      return Reply::absent();
    }
  };
};

/// A file of accounts, and the same through a guard and its cache.
class World {
 public:
  World() {
    const std::string path = folder_ / "accounts.yaml";
    FILE* file = std::fopen(path.c_str(), "w");
    std::fputs(account_file().c_str(), file);
    std::fclose(file);
    auto directory = std::make_shared<FileDirectory>("file", path, config::read_yaml, clock_);
    Problems problems;
    directory->load({}, problems);
    for (const Problem& problem : problems.all()) fmt::print(stderr, "{}\n", problem.line());
    of_file = {directory};
    GuardOptions options;
    options.found_age = options.absent_age = 60s;  // longer than the measurement of one case
    source = std::make_shared<GuardedSource>(std::make_shared<Rows>(), options, clock_, counters);
    of_rows = {std::make_shared<RowsDirectory>("rows", source, std::vector<FactField>{}, clock_, counters)};
  }

  Counters counters;
  Directories of_file, of_rows;
  std::shared_ptr<GuardedSource> source;

 private:
  const test::TempFolder folder_;
  const SystemClock clock_;
};

void identity_check(benchmark::State& state, World& world, const Directories& directories, const Case& of) {
  const IdentityRules rules({}, directories, &world.counters);
  const Path mail_from = Path::parse(of.sender);
  const std::vector<HeaderField> fields{{"From", fmt::format(" A Person <{}>", of.author)},
                                        {"Sender", fmt::format(" <{}>", of.sender)}};
  const HeaderAddresses header = read_addresses(fields);
  const Claims claims{.login = of.login, .mail_from = &mail_from, .header = &header};
  if (const Verdict verdict = rules.check(claims, soon()); verdict.identity != of.expected)
    state.SkipWithError(verdict.reason.c_str());
  for (auto _ : state) benchmark::DoNotOptimize(rules.check(claims, soon()));
}

void guarded_find(benchmark::State& state, World& world) {
  const Question question{Lookup::login, "eva@acme.example"};
  world.source->find(question, soon());
  for (auto _ : state) benchmark::DoNotOptimize(world.source->find(question, soon()));
}

void mailbox(benchmark::State& state, const Directories& directories, std::string_view address) {
  const Mailbox asked = *Path::parse(address).mailbox;
  if (find_mailbox(asked, directories, {}, soon()).kind != MailboxFinding::Kind::accepted)
    state.SkipWithError("not accepted");
  for (auto _ : state) benchmark::DoNotOptimize(find_mailbox(asked, directories, {}, soon()));
}

void grant_parse(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(Grant::parse(text, LetterCase::fold));
}

void grant_cached(benchmark::State& state, std::string_view text) {
  GrantCache cache(LetterCase::fold);
  for (auto _ : state) benchmark::DoNotOptimize(cache.get(text));
}

void register_all(World& world) {
  using benchmark::RegisterBenchmark;
  for (const Case& of : cases()) {
    RegisterBenchmark(fmt::format("identity/file/{}", of.name).c_str(),
                      [&world, of](benchmark::State& s) { identity_check(s, world, world.of_file, of); });
    RegisterBenchmark(fmt::format("identity/rows/{}", of.name).c_str(),
                      [&world, of](benchmark::State& s) { identity_check(s, world, world.of_rows, of); });
  }
  RegisterBenchmark("guarded source/found", [&world](benchmark::State& s) { guarded_find(s, world); });
  RegisterBenchmark("mailbox/file/an account",
                    [&world](benchmark::State& s) { mailbox(s, world.of_file, "u500@acme.example"); });
  RegisterBenchmark("mailbox/rows/an account",
                    [&world](benchmark::State& s) { mailbox(s, world.of_rows, "eva@acme.example"); });
  RegisterBenchmark("mailbox/file/an alias of an alias",
                    [&world](benchmark::State& s) { mailbox(s, world.of_file, "news@acme.example"); });
  RegisterBenchmark("mailbox/rows/an alias of an alias",
                    [&world](benchmark::State& s) { mailbox(s, world.of_rows, "news@acme.example"); });
  RegisterBenchmark("grant/read/an address", [](benchmark::State& s) { grant_parse(s, "info@acme.example"); });
  RegisterBenchmark("grant/read/a domain", [](benchmark::State& s) { grant_parse(s, ".acme.example"); });
  RegisterBenchmark("grant/read/a pattern", [](benchmark::State& s) { grant_parse(s, "/press-.*@acme\\.example/"); });
  RegisterBenchmark("grant/from the cache", [](benchmark::State& s) { grant_cached(s, "/press-.*@acme\\.example/"); });
}

}  // namespace
}  // namespace postern::accounts

int main(int argc, char** argv) {
  postern::accounts::World world;
  postern::accounts::register_all(world);
  postern::bench::register_store_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
