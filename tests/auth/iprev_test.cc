#include "policy/auth/iprev.h"

#include <stdexcept>

#include "policy/base/clock.h"
#include "policy/dns/zone_resolver.h"

namespace postern {
namespace {

constexpr const char* kZone =
    "1.2.0.192.in-addr.arpa. PTR mail.a.example.\n"
    "mail.a.example. A 192.0.2.1\n"
    "2.2.0.192.in-addr.arpa. PTR other.a.example.\n"
    "other.a.example. A 192.0.2.99\n"
    "3.2.0.192.in-addr.arpa. PTR gone.a.example.\n"
    "4.2.0.192.in-addr.arpa. TXT nothing\n"
    "6.2.0.192.in-addr.arpa. PTR b.a.example.\n"
    "6.2.0.192.in-addr.arpa. PTR a.a.example.\n"
    "b.a.example. A 192.0.2.6\n"
    "a.a.example. A 192.0.2.7\n"
    "7.2.0.192.in-addr.arpa. PTR alias.a.example.\n"
    "alias.a.example. CNAME real.a.example.\n"
    "real.a.example. A 192.0.2.7\n"
    "8.2.0.192.in-addr.arpa. PTR six.a.example.\n"
    "six.a.example. AAAA 2001:db8::8\n"
    "; FAULT 9.2.0.192.in-addr.arpa. SERVFAIL\n"
    "; FAULT 10.2.0.192.in-addr.arpa. BOGUS\n"
    "11.2.0.192.in-addr.arpa. PTR slow.a.example.\n"
    "11.2.0.192.in-addr.arpa. PTR other.a.example.\n"
    "; FAULT slow.a.example. TIMEOUT\n"
    "12.2.0.192.in-addr.arpa. PTR slow.a.example.\n"
    "12.2.0.192.in-addr.arpa. PTR twelve.a.example.\n"
    "twelve.a.example. A 192.0.2.12\n"
    "13.2.0.192.in-addr.arpa. PTR .\n"
    "8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR six.a.example.\n";

class CountingResolver final : public dns::Resolver {
 public:
  explicit CountingResolver(dns::Resolver& next) : next_(next) {}
  void prefetch(const dns::Question& question) override { next_.prefetch(question); }
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    return ++asked, next_.query(question, deadline);
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }
  int asked = 0;

 private:
  dns::Resolver& next_;
};

class Iprev : public testing::Test {
 protected:
  void read(std::string_view zone) {
    auto parsed = dns::ZoneResolver::parse("zone", zone);
    if (!parsed) throw std::runtime_error(parsed.error().message);
    zone_ = std::move(parsed).value();
  }
  iprev::Result result(std::string_view client) {
    return iprev::check(*IpAddress::parse(client), *zone_, Deadline(SystemClock().now() + std::chrono::minutes(1)));
  }
  std::string status(std::string_view client) { return std::string(iprev::name(result(client).status)); }

  std::unique_ptr<dns::Resolver> zone_;
};

TEST_F(Iprev, FollowsTheNameBack) {
  read(kZone);
  EXPECT_EQ(status("192.0.2.1"), "pass");
  EXPECT_EQ(result("192.0.2.1").host, "mail.a.example");
  EXPECT_EQ(status("::ffff:192.0.2.1"), "pass");
  EXPECT_EQ(status("2001:db8::8"), "pass");
  EXPECT_EQ(status("192.0.2.7"), "pass") << "an alias leads back as well";
  EXPECT_EQ(result("192.0.2.6").host, "b.a.example") << "the second of two names";
}

TEST_F(Iprev, TellsWhyItDoesNot) {
  read(kZone);
  EXPECT_EQ(status("192.0.2.2"), "fail");
  EXPECT_EQ(status("192.0.2.3"), "fail") << "the forward lookup has no result (RFC 8601 2.7.3)";
  EXPECT_EQ(status("192.0.2.8"), "fail") << "the name has an address of the other family";
  EXPECT_EQ(status("192.0.2.13"), "fail") << "the name is no host name";
  EXPECT_EQ(status("192.0.2.4"), "permerror") << "NODATA";
  EXPECT_EQ(status("192.0.2.5"), "permerror") << "NXDOMAIN";
  EXPECT_EQ(result("192.0.2.2").reason, "other.a.example does not lead back to 192.0.2.2");
}

TEST_F(Iprev, BlamesNobodyForDns) {
  read(kZone);
  EXPECT_EQ(status("192.0.2.9"), "temperror");
  EXPECT_EQ(status("192.0.2.10"), "temperror");
  EXPECT_EQ(status("192.0.2.11"), "temperror") << "the name that was not answered could have led back";
  EXPECT_EQ(status("192.0.2.12"), "pass") << "it could not have changed that";
}

std::string many_names(int names, int good) {
  std::string zone;
  for (int i = 1; i <= names; ++i) {
    const std::string host = "h" + std::string(i < 10 ? "0" : "") + std::to_string(i) + ".a.example.";
    zone += "1.2.0.192.in-addr.arpa. PTR " + host + "\n" + host + (i == good ? " A 192.0.2.1\n" : " A 192.0.2.99\n");
  }
  return zone;
}

TEST_F(Iprev, LooksAtTenNames) {  // RFC 7208 5.5
  read(many_names(10, 10));
  EXPECT_EQ(status("192.0.2.1"), "pass");
  read(many_names(11, 11));
  EXPECT_EQ(status("192.0.2.1"), "fail");
  EXPECT_EQ(result("192.0.2.1").reason, "h01.a.example (of 11 names) does not lead back to 192.0.2.1");
  CountingResolver counting(*zone_);
  iprev::check(*IpAddress::parse("192.0.2.1"), counting, Deadline(SystemClock().now() + std::chrono::minutes(1)));
  EXPECT_EQ(counting.asked, 11);
}

}  // namespace
}  // namespace postern
