#pragma once

#include <memory>
#include <string>

#include "policy/accounts/callout/callout.h"
#include "policy/dns/zone_resolver.h"
#include "tests/support/fake_store.h"
#include "tests/support/scripted_smtp.h"

namespace postern::callout {

using namespace std::chrono_literals;

/// Stands still until it is told; the wall clock goes with it.
class FakeClock final : public Clock {
 public:
  SteadyTime now() const override { return SteadyTime(std::chrono::hours(1)) + passed_.load(); }
  WallTime wall() const override { return WallTime(std::chrono::hours(24 * 365 * 50)) + passed_.load(); }
  void advance(std::chrono::milliseconds by) { passed_ = passed_.load() + by; }

 private:
  std::atomic<std::chrono::milliseconds> passed_{0ms};
};

/// A zone, servers, a clock and a store: what a callout lives in. One caller at a time unless options.threads is set.
///
///     World w("a.example. MX 10 mx.a.example.\n" "mx.a.example. A 127.1.0.1\n");
///     w.farm.add("127.1.0.1", {});
///     EXPECT_EQ(w.ask("user@a.example").kind, Kind::exists);
struct World {
  explicit World(std::string_view zone) : dns(parse(zone)) {
    options.hostname = "mx.home.example";
    options.allow = {*AllowedTarget::parse("127.0.0.0/8:" + std::to_string(farm.port()))};
    options.times = {.connect = 2s, .command = 2s, .total = 5s};
    options.soft = 10s;
    options.threads = 0;
  }

  static std::unique_ptr<dns::Resolver> parse(std::string_view zone) {
    auto resolver = dns::ZoneResolver::parse("zone", zone);
    if (!resolver) throw std::runtime_error(resolver.error().message);
    return std::move(*resolver);
  }
  static Mailbox mailbox(std::string_view text) { return *Path::parse(text).mailbox; }

  Callout& callout() {
    if (!made) made = std::make_unique<Callout>(options, Services{*dns, store, clock, counters}, dialer);
    return *made;
  }
  Verdict ask(std::string_view address, const Asker& asker = {}, std::chrono::milliseconds patience = 20s) {
    return callout().verify(mailbox(address), asker, Deadline(std::chrono::steady_clock::now() + patience));
  }
  /// Its kind and cause: "exists reply".
  std::string words(std::string_view address, const Asker& asker = {}) {
    const Verdict verdict = ask(address, asker);
    return std::string(name(verdict.kind)) + " " + std::string(name(verdict.cause));
  }
  std::int64_t count(std::string_view counter) {
    return counters.get(std::string("callout.") + std::string(counter)).value();
  }

  test::SmtpFarm farm;
  std::unique_ptr<dns::Resolver> dns;
  FakeClock clock;
  test::FakeStore store{clock};
  Counters counters;
  CalloutOptions options;
  Dial dialer = dial;
  std::unique_ptr<Callout> made;  // last: it uses all of the above
};

/// a.example, whose one host is 127.1.0.1.
constexpr const char* kOneDomain =
    "a.example. MX 10 mx.a.example.\n"
    "mx.a.example. A 127.1.0.1\n";

}  // namespace postern::callout
