// The openspf suites, where they are at hand: that for RFC 7208 in two states, and the older one for RFC 4408.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>

#include "policy/auth/spf/spf.h"
#include "policy/dns/zone_resolver.h"
#include "tests/auth/spf_suite.h"

namespace postern {
namespace {

namespace fs = std::filesystem;
using test::spf_suite::suite;
using test::spf_suite::zone_text;

std::unique_ptr<dns::Resolver> world(const YAML::Node& zonedata) {
  auto zone = dns::ZoneResolver::parse("zonedata", zone_text(zonedata));
  if (!zone) throw std::runtime_error(fmt::format("{}: {}", zone.error().message, zone.error().where.line));
  return std::move(zone).value();
}

std::vector<std::string> allowed(const YAML::Node& result) {
  return result.IsSequence() ? result.as<std::vector<std::string>>() : std::vector{result.as<std::string>()};
}

int run_suite(const char* file) {
  int run = 0;
  for (const YAML::Node& scenario : YAML::LoadAllFromFile(suite(file).string())) {
    if (!scenario.IsMap()) continue;
    const auto resolver = world(scenario["zonedata"]);
    for (const auto& entry : scenario["tests"]) {
      const auto id = entry.first.as<std::string>();
      const YAML::Node& test = entry.second;
      const spf::Query query{.client = *IpAddress::parse(test["host"].as<std::string>()),
                             .helo = test["helo"].as<std::string>(),
                             .mail_from = test["mailfrom"].as<std::string>()};
      const Deadline deadline(std::chrono::steady_clock::now() + std::chrono::minutes(1));
      const spf::Result result = spf::check(query, *resolver, deadline, {.explain = true});
      ++run;
      const auto wanted = allowed(test["result"]);
      const auto got = std::string(spf::name(result.status));
      EXPECT_THAT(wanted, testing::Contains(got)) << id << ": " << result.reason;
      EXPECT_LE(result.reason.size(), 200U) << id;
      if (!test["explanation"]) continue;
      const auto explanation = test["explanation"].as<std::string>();
      EXPECT_EQ(result.explanation, explanation == "DEFAULT" ? "" : explanation) << id;
    }
  }
  return run;
}

class SpfSuite : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(suite("rfc7208-tests.yml"))) GTEST_SKIP() << suite("rfc7208-tests.yml") << " is not there";
  }
};

TEST_F(SpfSuite, OfRfc7208Holds) { EXPECT_EQ(run_suite("rfc7208-tests.yml"), 203); }

TEST_F(SpfSuite, OfRfc7208AsOf2015Holds) { EXPECT_EQ(run_suite("rfc7208-tests-2015.yml"), 200); }

// Nowhere does it ask for what RFC 7208 took back.
TEST_F(SpfSuite, OfRfc4408HoldsAsWell) { EXPECT_EQ(run_suite("rfc4408-tests.yml"), 191); }

}  // namespace
}  // namespace postern
