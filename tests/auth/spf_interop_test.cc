// The same questions to us and to pyspf.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <sstream>

#include "tests/auth/peer.h"
#include "tests/auth/spf_generated.h"
#include "tests/auth/spf_suite.h"
#include "tests/auth/spf_world.h"

namespace postern::spf {
namespace {

using Json = nlohmann::json;

const std::string kPeer = std::string(POSTERN_PEERS) + "/spf_peer.py";

/// One question.
struct Case {
  std::string name;  ///< the test's id in a suite, or the record
  Query query;
};

/// Questions to one zone.
struct World {
  std::string zone;
  std::vector<Case> cases;
};

// Their result for each case, one world after the other.
std::vector<std::string> theirs(const std::vector<World>& worlds) {
  const test::TempFolder folder;
  std::ofstream file(folder / "worlds");
  for (const World& world : worlds) {
    Json queries = Json::array();
    for (const Case& one : world.cases)
      queries.push_back({one.query.client.text(), one.query.helo, one.query.mail_from});
    file << Json{{"zone", world.zone}, {"queries", std::move(queries)}}.dump() << "\n";
  }
  file.close();
  const test::Ran ran = test::run_peer({"/usr/bin/python3", kPeer, "check", folder / "worlds"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::vector<std::string> results;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) results.push_back(line);
  return results;
}

/// Where pyspf says something else, and the paragraph that decides.
struct Disagreement {
  std::string_view part;  ///< of the case's name, with a space behind it
  std::string_view ours;
  std::string_view why;
};

constexpr std::string_view kAskedOnce =
    "RFC 7208 4.6.4 counts terms for which DNS queries return nothing; the client's names are asked for once";

constexpr std::array kGenerated{
    Disagreement{"%{ir3}", "permerror", "RFC 7208 7.1: the digits stand before the r"},
    Disagreement{"%{d-r}", "permerror", "RFC 7208 7.1: r is no delimiter, and stands before them"},
    Disagreement{"%{d0}", "permerror", "RFC 7208 7.3: the number is not 0"},
    Disagreement{"new=%{x ", "permerror",
                 "RFC 7208 6, 4.6: a modifier's value is a macro-string, open braces are none"},
    Disagreement{"exists ", "permerror", "RFC 7208 5.7: exists has a domain, with a qualifier too"},
    Disagreement{"REDIRECT=soft.example", "softfail", "RFC 7208 4.6.1: names of modifiers have no case"},
    Disagreement{"redirect=pass.example REDIRECT=soft.example", "permerror", "RFC 7208 4.6.1, 6: it is there twice"},
    Disagreement{"redirect=loop.example a:h.example", "fail", "RFC 7208 6.1: a redirect asks where nothing matches"},
    Disagreement{"new= new= ", "neutral", "RFC 7208 6: modifiers that are not known are ignored, however often"},
    Disagreement{"-ptr ?ptr:none.test ptr:h.example ", "softfail", kAskedOnce},
    Disagreement{"exists:%{p} -ptr -all", "fail", kAskedOnce},
};

constexpr std::array kPublished{
    Disagreement{"ptr-cname-loop", "neutral", "RFC 7208 5.5: a name whose lookup fails is skipped"},
    Disagreement{"ptr-limit", "pass",
                 "RFC 7208 4.6.4: ten of eleven names, in whatever order they come; see find_names()"},
};

void compare(const std::vector<World>& worlds, std::span<const Disagreement> known, std::size_t cases) {
  const auto peer = theirs(worlds);
  ASSERT_EQ(peer.size(), cases);
  std::size_t at = 0;
  std::size_t differ = 0;
  std::set<std::string_view> met;
  for (const World& world : worlds) {
    test::SpfWorld ours(world.zone);
    for (const Case& one : world.cases) {
      const Result result = ours.check(one.query);
      const std::string_view word = name(result.status);
      const std::string& their = peer.at(at++);
      if (word == their) continue;
      ++differ;
      const auto why = std::find_if(known.begin(), known.end(), [&](const Disagreement& d) {
        return d.ours == word && (one.name + " ").find(d.part) != std::string::npos;
      });
      if (why != known.end())
        met.insert(why->part);
      else
        ADD_FAILURE() << word << ", they say " << their << ": " << one.name << "\n  of " << one.query.mail_from
                      << " from " << one.query.client.text() << " " << one.query.helo << ": " << result.reason;
    }
  }
  for (const Disagreement& d : known) EXPECT_TRUE(met.contains(d.part)) << "nothing differs at " << d.part;
  std::printf("%zu cases, %zu of them differ\n", at, differ);
}

// Nothing where the suite is not at hand.
std::vector<World> published(const char* file) {
  const auto path = test::spf_suite::suite(file);
  if (!std::filesystem::exists(path)) return {};
  std::vector<World> worlds;
  for (const YAML::Node& scenario : YAML::LoadAllFromFile(path.string())) {
    if (!scenario.IsMap()) continue;
    World world{.zone = test::spf_suite::zone_text(scenario["zonedata"]), .cases = {}};
    for (const auto& entry : scenario["tests"]) {
      const YAML::Node& one = entry.second;
      world.cases.push_back({entry.first.as<std::string>(),
                             {.client = *IpAddress::parse(one["host"].as<std::string>()),
                              .helo = one["helo"].as<std::string>(),
                              .mail_from = one["mailfrom"].as<std::string>()}});
    }
    worlds.push_back(std::move(world));
  }
  return worlds;
}

class SpfInterop : public testing::Test {
 protected:
  void SetUp() override {
    const test::Ran there = test::run_peer({"/usr/bin/python3", kPeer, "there"});
    if (there.status != 0) GTEST_SKIP() << there.err;
  }
};

TEST_F(SpfInterop, GeneratedRecordsSayTheSameToPyspf) {
  const test::GeneratedSpf generated = test::generate_spf(3000);
  World world{.zone = generated.zone, .cases = {}};
  for (const auto& one : generated.cases)
    world.cases.push_back(
        {one.record, {.client = *IpAddress::parse(one.client), .helo = one.helo, .mail_from = one.mail_from}});
  compare({world}, kGenerated, 3000);
}

TEST_F(SpfInterop, PublishedZonesSayTheSameToPyspf) {
  std::vector<World> worlds;
  for (const char* file : {"rfc7208-tests.yml", "rfc7208-tests-2015.yml", "rfc4408-tests.yml"}) {
    auto more = published(file);
    if (more.empty()) GTEST_SKIP() << test::spf_suite::suite(file) << " is not there";
    std::move(more.begin(), more.end(), std::back_inserter(worlds));
  }
  compare(worlds, kPublished, 594);
}

}  // namespace
}  // namespace postern::spf
