// Nobody is connected to but mail hosts that everybody can reach (FAULTS T45, N16).
#include "policy/accounts/callout/route.h"

#include <set>

#include "tests/accounts/callout/callout_world.h"

namespace postern::callout {
namespace {

const Domain kA = *Domain::parse("a.example");

struct Routes {
  explicit Routes(std::string_view zone) : dns(World::parse(zone)) {}
  std::string words() const {
    const Route route = find_route(kA, door, *dns, Deadline(std::chrono::steady_clock::now() + 5s));
    switch (route.status) {
      case Route::Status::null_mx: return "null MX";
      case Route::Status::no_host: return "no host";
      case Route::Status::forbidden: return "forbidden: " + route.reason;
      case Route::Status::unavailable: return "unavailable";
      case Route::Status::found: break;
    }
    std::string text;
    for (const Target& target : route.targets) text += target.address.text() + ":" + std::to_string(target.port) + " ";
    return text;
  }
  std::unique_ptr<dns::Resolver> dns;
  Door door{{*IpAddress::parse("8.8.4.4")}, {}};
};

TEST(Route, WalksTheMxRecordsByPreference) {
  EXPECT_EQ(Routes("a.example. MX 20 b.a.example.\na.example. MX 10 c.a.example.\n"
                   "b.a.example. A 8.8.8.1\nc.a.example. A 8.8.8.2\nc.a.example. AAAA 2a00::1\n")
                .words(),
            "8.8.8.2:25 2a00::1:25 8.8.8.1:25 ");
  EXPECT_EQ(Routes("a.example. A 8.8.8.3\n").words(), "8.8.8.3:25 ");  // RFC 5321 5.1
  EXPECT_EQ(Routes("a.example. MX 10 alias.example.\nalias.example. CNAME b.example.\nb.example. A 8.8.8.4\n").words(),
            "8.8.8.4:25 ");
}

TEST(Route, TellsWhyThereIsNone) {
  EXPECT_EQ(Routes("a.example. MX 0 .\na.example. A 8.8.8.1\n").words(), "null MX");
  EXPECT_EQ(Routes("b.example. A 8.8.8.1\n").words(), "no host");
  EXPECT_EQ(Routes("a.example. TXT \"x\"\n").words(), "no host");
  EXPECT_EQ(Routes("a.example. MX 10 gone.example.\n").words(), "no host");
  EXPECT_EQ(Routes("a.example. MX 10 192.0.2.1.\n").words(), "no host");
  EXPECT_EQ(Routes("; FAULT a.example. MX SERVFAIL\n").words(), "unavailable");
  EXPECT_EQ(Routes("a.example. MX 10 b.example.\n; FAULT b.example. A TIMEOUT\n").words(), "unavailable");
  EXPECT_EQ(Routes("a.example. MX 10 b.example.\nb.example. A 10.0.0.1\n").words(),
            "forbidden: b.example is 10.0.0.1 (private)");
}

TEST(Route, LeavesOutWhatIsForbiddenAndEndsBeforeUs) {
  EXPECT_EQ(Routes("a.example. MX 10 b.example.\nb.example. A 127.0.0.1\nb.example. A 8.8.8.5\n").words(),
            "8.8.8.5:25 ");
  EXPECT_EQ(Routes("a.example. A 8.8.4.4\n").words(), "forbidden: a.example is 8.8.4.4 (ours)");
  // RFC 5321 5.1: we are the second; the third would only give it to us again.
  EXPECT_EQ(Routes("a.example. MX 10 b.example.\na.example. MX 20 us.example.\na.example. MX 30 c.example.\n"
                   "b.example. A 8.8.8.6\nus.example. A 8.8.4.4\nc.example. A 8.8.8.7\n")
                .words(),
            "8.8.8.6:25 ");
}

TEST(Door, OpensWhatIsAllowedAtItsPortAlone) {
  const Door door({*IpAddress::parse("127.0.0.9")},
                  {*AllowedTarget::parse("127.0.0.0/8:2525"), *AllowedTarget::parse("[fd00::/8]:26")});
  EXPECT_EQ(door.port_of(*IpAddress::parse("127.0.0.1")), 2525);
  EXPECT_EQ(door.port_of(*IpAddress::parse("127.0.0.9")), 0);  // ours, whatever is allowed
  EXPECT_EQ(door.port_of(*IpAddress::parse("fd00::1")), 26);
  EXPECT_EQ(door.port_of(*IpAddress::parse("10.0.0.1")), 0);
  EXPECT_EQ(door.port_of(*IpAddress::parse("8.8.8.8")), 25);
  for (const char* bad :
       {"", "127.0.0.1", "127.0.0.0/8:", "127.0.0.0/8:0", "127.0.0.0/8:70000", "::1:25", "[::1]", "x:25"})
    EXPECT_FALSE(AllowedTarget::parse(bad)) << bad;
}

// --- SSRF ---

const char* const kForbidden[] = {"127.0.0.1",
                                  "10.0.0.1",
                                  "172.16.0.1",
                                  "192.168.1.1",
                                  "169.254.169.254",
                                  "100.64.0.1",
                                  "0.0.0.0",
                                  "192.0.2.1",
                                  "198.18.0.1",
                                  "224.0.0.1",
                                  "240.0.0.1",
                                  "255.255.255.255",
                                  "::1",
                                  "::",
                                  "::ffff:127.0.0.1",
                                  "::ffff:10.0.0.1",
                                  "::10.0.0.1",
                                  "::ffff:0:127.0.0.1",
                                  "64:ff9b::7f00:1",
                                  "64:ff9b:1::a00:1",
                                  "2002:7f00:1::",
                                  "2002:a00:1::1",
                                  "2001::1",
                                  "fe80::1",
                                  "fec0::1",
                                  "fd00::1",
                                  "ff02::1",
                                  "2001:db8::1",
                                  "8.8.4.4"};  // the last is ours

// Answers each question for an address with the next one, at TTL 0.
class RebindingResolver final : public dns::Resolver {
 public:
  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question& question, const Deadline&) override {
    auto answer = std::make_shared<dns::Answer>();
    answer->status = dns::Status::nodata;
    if (question.type == dns::Type::mx) {
      answer->status = dns::Status::ok;
      answer->mx = {{10, "mx." + question.name.text()}};
    } else if (question.type == dns::Type::a || question.type == dns::Type::aaaa) {
      const std::size_t n = asked_++;
      const char* text = n % 2 == 0 ? "8.8.8.8" : kForbidden[n / 2 % std::size(kForbidden)];
      answer->status = dns::Status::ok;
      answer->addresses = {*IpAddress::parse(text)};
      if (n % 6 == 0) answer->addresses.push_back(*IpAddress::parse(kForbidden[n / 6 % std::size(kForbidden)]));
    }
    return answer;
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }

 private:
  std::size_t asked_ = 0;
};

struct Dialled {
  std::size_t forbidden = 0;
  std::size_t global = 0;
};

// Where 10,000 callouts to so many domains connect to.
Dialled dial_10000(const std::vector<AllowedTarget>& allow) {
  World w("");
  w.dns = std::make_unique<RebindingResolver>();
  w.options.allow = allow;
  w.options.our_addresses = {*IpAddress::parse("8.8.4.4")};
  w.options.limits = {.probes_per_day = 1'000'000,
                      .connections_per_minute = 1'000'000,
                      .connections_per_host_and_minute = 1'000'000,
                      .probes_per_client_and_hour = 1'000'000,
                      .missing_in_a_row = 0,
                      .pause = 1h,
                      .hosts = 8};
  Dialled dialled;
  w.dialer = [&](const Target& target, SteadyTime, const Interrupt*) -> Connection {
    const bool good = classify(target.address) == AddressClass::global && target.port == 25 &&
                      target.address != *IpAddress::parse("8.8.4.4");
    ++(good ? dialled.global : dialled.forbidden);
    return {nullptr, Io::failed, "not really"};
  };
  for (int i = 0; i < 10'000; ++i) w.ask("user@d" + std::to_string(i) + ".example");
  return dialled;
}

TEST(Ssrf, NoForbiddenConnectInTenThousandTries) {
  const Dialled dialled = dial_10000({});
  EXPECT_EQ(dialled.forbidden, 0U);
  EXPECT_GT(dialled.global, 9'000U);
}

TEST(Ssrf, WithoutTheCheckThereAreMany) {
  EXPECT_GT(dial_10000({*AllowedTarget::parse("0.0.0.0/0:25"), *AllowedTarget::parse("[::/0]:25")}).forbidden, 9'000U);
}

TEST(Ssrf, EveryForbiddenAddressIsRefusedByItself) {
  for (const char* address : kForbidden) {
    const std::string type = IpAddress::parse(address)->is_v4() ? "A " : "AAAA ";
    Routes routes("a.example. MX 10 b.example.\nb.example. " + type + IpAddress::parse(address)->text() + "\n");
    EXPECT_TRUE(routes.words().starts_with("forbidden: ")) << address << " " << routes.words();
  }
}

}  // namespace
}  // namespace postern::callout
