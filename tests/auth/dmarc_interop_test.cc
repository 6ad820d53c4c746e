// The same questions to us and to Mail::DMARC, by RFC 7489.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <span>
#include <sstream>

#include <fmt/format.h>

#include "tests/auth/dmarc_suite.h"
#include "tests/auth/dmarc_world.h"
#include "tests/auth/peer.h"

namespace postern::dmarc {
namespace {

using Json = nlohmann::json;

const std::string kPeer = std::string(POSTERN_PEERS) + "/dmarc_peer.pl";

struct Case {
  std::string name;  ///< of a suite, or the records
  std::string zone;
  Input input;
};

// "result disposition" of each.
std::vector<std::string> theirs(const std::vector<Case>& cases) {
  const test::TempFolder folder;
  std::ofstream file(folder / "cases");
  for (const Case& one : cases) {
    Json dkim = Json::array();
    for (const Authenticated& signature : one.input.dkim) dkim.push_back(signature.domain.text());
    file << Json{{"zone", one.zone},
                 {"author", one.input.author.text()},
                 {"spf", one.input.spf ? Json(one.input.spf->text()) : Json(nullptr)},
                 {"dkim", std::move(dkim)}}
                .dump()
         << "\n";
  }
  file.close();
  const test::Ran ran = test::run_peer({"/usr/bin/perl", kPeer, "check", folder / "cases"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::vector<std::string> results;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) results.push_back(line);
  return results;
}

/// Where Mail::DMARC says something else, and the paragraph that decides.
struct Disagreement {
  std::string_view part;  ///< of the case's name
  std::string_view ours;  ///< the beginning
  std::string_view why;
};

void compare(const std::vector<Case>& cases, std::span<const Disagreement> known) {
  const auto peer = theirs(cases);
  ASSERT_EQ(peer.size(), cases.size());
  std::size_t differ = 0;
  std::set<std::string_view> met;
  for (std::size_t at = 0; at < cases.size(); ++at) {
    const Case& one = cases[at];
    test::DmarcWorld world(one.zone);
    const Result result = world.evaluate(one.input);
    // RFC 7489 6.6.3 has no word for a record that cannot be used; RFC 8601's is permerror, which 11.2 allows.
    const Status said = result.status == Status::permerror ? Status::none : result.status;
    const std::string ours = fmt::format("{} {}", name(said), name(result.disposition));
    if (ours == peer[at]) continue;
    ++differ;
    const auto why = std::find_if(known.begin(), known.end(), [&](const Disagreement& d) {
      return ours.starts_with(d.ours) && one.name.find(d.part) != std::string::npos;
    });
    if (why != known.end())
      met.insert(why->part);
    else
      ADD_FAILURE() << ours << ", they say " << peer[at] << ": " << one.name << ": " << result.reason;
  }
  for (const Disagreement& d : known) EXPECT_TRUE(met.contains(d.part)) << "nothing differs at " << d.part;
  std::printf("%zu cases, %zu of them differ\n", cases.size(), differ);
}

constexpr std::array kPublished{
    Disagreement{"sub-sp-none", "fail none",
                 "RFC 7489 3.2: the list has the rule * for a suffix that it does not name"},
    Disagreement{"spf-temperror", "temperror none", "RFC 7489 11.2: temperror; SPF might have been a pass"},
    Disagreement{"dkim-temperror", "temperror none", "RFC 7489 11.2: temperror; DKIM might have been a pass"},
    Disagreement{"dns-temperror", "temperror none",
                 "RFC 7489 6.6.3: a transient DNS error does not say that there is none"},
};

constexpr std::array kGenerated{
    Disagreement{"v = DMARC1 ;", "", "RFC 7489 6.4: blanks may stand around the = of the version"},
    Disagreement{"v=dmarc1;", "", "RFC 7489 6.4: the version is in capitals, or it is no record"},
    Disagreement{"v=DMARC1 p=reject", "",
                 "RFC 7489 6.6.3 step 2: it does not start with the version, and is discarded"},
    Disagreement{"v=DMARC10;", "", "RFC 7489 6.6.3 step 2: likewise"},
    Disagreement{"p=reject; p=none", "none none",
                 "RFC 7489 6.3 and RFC 6376 3.2: a tag that is there twice spoils the list"},
    Disagreement{"pct=x", "fail reject", "RFC 7489 6.3: what is wrong behind p= gives way to its default"},
    Disagreement{"; rua=mailto:r@example.com |", "",
                 "RFC 7489 6.6.3 step 6: p=none, if rua= can be read; whether it may be used is 7.1"},
    Disagreement{"city.kawasaki.jp: ", "fail reject", "RFC 7489 3.2: the list has exceptions, written with a !"},
};

constexpr std::array kDomains{"example.com",      "a.example.com", "b.a.example.com",   "other.net",
                              "x.other.net",      "example.co.uk", "a.example.co.uk",   "co.uk",
                              "u.github.io",      "x.u.github.io", "xn--bcher-kva.com", "a.b.kawasaki.jp",
                              "x.a.b.kawasaki.jp"};

constexpr std::array kRecords{
    "v=DMARC1; p=none",
    "v=DMARC1; p=quarantine",
    "v=DMARC1; p=reject",
    "v=DMARC1;p=reject;sp=none",
    "v=DMARC1; p=none; sp=reject;",
    "v=DMARC1; p=quarantine; adkim=s; aspf=s",
    "v=DMARC1; p=reject; adkim=s",
    "v=DMARC1; p=reject; aspf=S; sp=quarantine",
    "v=DMARC1; p=reject; pct=0",
    "v=DMARC1; p=quarantine; pct=0; sp=reject",
    "v=DMARC1; p=reject; pct=25",
    "v=DMARC1; p=reject; pct=100; fo=1:d:s",
    "v = DMARC1 ; p = reject ; aspf = s",
    "v=DMARC1; p=REJECT; ADKIM=s",
    "v=DMARC1; p=reject; x=unknown; np=none; t=y; psd=n",
    "v=DMARC1; p=reject; rua=mailto:r@example.com!10m, mailto:s@example.com; ruf=mailto:f@example.com; ri=3600; "
    "rf=afrf",
    "v=DMARC1; p=reject; adkim=x",
    "v=DMARC1; p=reject; fo=7",
    "v=DMARC1; sp=reject",
    "v=DMARC1; p=bad",
    "v=DMARC1; p=reject; sp=bad",
    "v=DMARC1; p=bad; rua=mailto:r@example.com",
    "v=DMARC1; p=reject; sp=bad; rua=mailto:r@example.com",
    "v=DMARC1; rua=mailto:r@example.com",
    "v=DMARC1; rua=nonsense",
    "v=DMARC1; p=reject; pct=200",
    "v=DMARC1; p=reject; pct=x",
    "v=DMARC1; p=reject; nonsense; aspf=s",
    "v=DMARC1; p=reject; p=none",
    "v=DMARC1; aspf=s; p=reject",
    "p=reject; v=DMARC1",
    "v=DMARC2; p=reject",
    "v=dmarc1; p=reject",
    "v=DMARC1 p=reject",
    "v=DMARC1",
    "v=DMARC1;;p=reject",
    "v=DMARC10; p=reject",
    "v=spf1 -all",
};

std::vector<Case> generate(std::size_t number) {
  std::mt19937 random(7489);
  const auto below = [&](std::size_t most) { return static_cast<std::size_t>(random()) % most; };
  const auto any = [&] { return *Domain::parse(kDomains.at(below(kDomains.size()))); };
  std::vector<Case> cases;
  for (std::size_t i = 0; i < number; ++i) {
    const Domain author = any();
    Case one{.name = author.text(), .zone = {}, .input = {.author = author, .spf = {}, .dkim = {}}};
    one.input.model = Model::psl;
    // Each record has its turn, at the author or above it; now and then there is another.
    const auto publish = [&](const Domain& at, const char* record) {
      one.zone += fmt::format("_dmarc.{}. TXT \"{}\"\n", at.text(), record);
      one.name += fmt::format(" | {}: {}", at.text(), record);
    };
    const auto parent = author.parent();
    const auto place = [&] { return below(2) == 0 && parent ? *parent : author; };
    publish(place(), kRecords.at(i % kRecords.size()));
    if (below(4) == 0) publish(place(), kRecords.at(below(kRecords.size())));
    if (below(3) != 0) one.input.spf = any();
    for (std::size_t signatures = below(3); signatures > 0; --signatures) one.input.dkim.push_back({.domain = any()});
    one.name += " |";
    if (one.input.spf) one.name += " spf " + one.input.spf->text();
    for (const Authenticated& signature : one.input.dkim) one.name += " dkim " + signature.domain.text();
    cases.push_back(std::move(one));
  }
  cases.push_back(
      {.name = "a.city.kawasaki.jp | city.kawasaki.jp: v=DMARC1; p=reject",
       .zone = "_dmarc.city.kawasaki.jp. TXT \"v=DMARC1; p=reject\"\n",
       .input = {.author = *Domain::parse("a.city.kawasaki.jp"), .spf = {}, .dkim = {}, .model = Model::psl}});
  return cases;
}

class DmarcInterop : public testing::Test {
 protected:
  void SetUp() override {
    const test::Ran there = test::run_peer({"/usr/bin/perl", kPeer, "there"});
    if (there.status != 0) GTEST_SKIP() << there.err;
  }
};

TEST_F(DmarcInterop, GeneratedCasesComeOutTheSameAtMailDmarc) { compare(generate(2000), kGenerated); }

TEST_F(DmarcInterop, PublishedCasesComeOutTheSameAtMailDmarc) {
  const auto path = test::dmarc_suite::suite("alignment.yml");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  std::vector<Case> cases;
  for (const YAML::Node& one : YAML::LoadFile(path)) {
    if (one["model"].as<std::string>() == "rfc9989") continue;
    const std::vector<HeaderField> header{{.name = "From", .value = one["from"].as<std::string>()}};
    const Author author = dmarc::author(read_addresses(header));
    ASSERT_TRUE(author.domain) << author.problem;
    cases.push_back({.name = one["id"].as<std::string>(),
                     .zone = test::dmarc_suite::zone_of(one),
                     .input = test::dmarc_suite::input_of(one, Model::psl, *author.domain)});
  }
  EXPECT_GE(cases.size(), 40u);
  compare(cases, kPublished);
}

}  // namespace
}  // namespace postern::dmarc
