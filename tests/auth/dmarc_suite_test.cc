// Published cases of DMARC, where they are at hand.

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

#include "policy/base/text.h"
#include "tests/auth/dmarc_suite.h"
#include "tests/auth/dmarc_world.h"

namespace postern::dmarc {
namespace {

namespace fs = std::filesystem;

using test::dmarc_suite::input_of;
using test::dmarc_suite::suite;
using test::dmarc_suite::zone_of;

// "a|b" is either.
bool is_one_of(std::string_view value, const std::string& expected) {
  const auto words = split(expected, '|');
  return std::find(words.begin(), words.end(), value) != words.end();
}

void check(const YAML::Node& one, Model model) {
  const std::string id = one["id"].as<std::string>();
  const std::vector<HeaderField> header{{.name = "From", .value = one["from"].as<std::string>()}};
  const Author author = dmarc::author(read_addresses(header));
  ASSERT_TRUE(author.domain) << id << ": " << author.problem;
  test::DmarcWorld world(zone_of(one));
  const Result result = world.evaluate(input_of(one, model, *author.domain));
  const YAML::Node expect = one["expect"];
  EXPECT_TRUE(is_one_of(name(result.status), expect["dmarc"].as<std::string>())) << id << ": " << name(result.status);
  EXPECT_EQ(name(result.policy), expect["policy"].as<std::string>(std::string(name(result.policy)))) << id;
  EXPECT_EQ(name(result.disposition), expect["disposition"].as<std::string>(std::string(name(result.disposition))))
      << id;
  if (expect["policy_domain"]) {
    ASSERT_TRUE(result.policy_domain) << id;
    EXPECT_EQ(result.policy_domain->text(), expect["policy_domain"].as<std::string>()) << id;
  }
  for (const auto& [question, times] : world.asked) EXPECT_EQ(times, 1) << id << ": " << question;
}

TEST(DmarcSuite, EachAlignmentComesOutAsPublished) {
  const fs::path path = suite("alignment.yml");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  int cases = 0;
  for (const YAML::Node& one : YAML::LoadFile(path)) {
    ++cases;
    const std::string model = one["model"].as<std::string>();
    if (model != "rfc9989") check(one, Model::psl);
    if (model != "rfc7489") check(one, Model::rfc9989);
  }
  EXPECT_GE(cases, 48);
}

TEST(DmarcSuite, EachRecordIsReadAsPublished) {
  const fs::path path = suite("records.yml");
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  int records = 0;
  for (const YAML::Node& one : YAML::LoadFile(path)) {
    ++records;
    const std::string text = one["record"].as<std::string>();
    const auto record = parse_record(text);
    EXPECT_EQ(record.has_value(), one["valid"].as<bool>()) << text;
    if (record && one["policy"]) {
      EXPECT_TRUE(is_one_of(name(record->p.value()), one["policy"].as<std::string>())) << text;
    }
  }
  EXPECT_GE(records, 38);
}

}  // namespace
}  // namespace postern::dmarc
