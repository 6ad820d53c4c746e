#include "tests/scenario/scenario.h"

#include <fmt/format.h>

#include <filesystem>
#include <regex>

namespace postern::scenario {
namespace {

std::vector<std::string> all_scenarios() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(POSTERN_SCENARIOS)) {
    if (entry.path().extension() == ".scenario") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The time at which there is room again goes on while the test runs, whatever the clock on the wall says.
std::vector<std::string> without_times(std::vector<std::string> transcript) {
  static const std::regex kNext("next at [-0-9: ]+[+-][0-9]{4}");
  for (std::string& line : transcript) line = std::regex_replace(line, kNext, "next at");
  return transcript;
}

class ScenarioFile : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioFile, ComesOutAsWritten) {
  const Outcome outcome = run(read(GetParam()), {});
  for (const std::string& failure : outcome.failures) ADD_FAILURE() << failure;
}

TEST_P(ScenarioFile, IsTheSameInAnyWeather) {
  const Scenario scenario = read(GetParam());
  const std::vector<std::string> calm = without_times(run(scenario, {}).transcript);
  for (const std::size_t threads : {0u, 1u, 8u}) {
    for (const unsigned seed : {0u, 1u, 2u, 3u}) {
      EXPECT_EQ(without_times(run(scenario, {threads, seed}).transcript), calm)
          << threads << " threads, delays " << seed;
    }
  }
}

std::string file_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ScenarioFile, testing::ValuesIn(all_scenarios()), file_name);

TEST(Scenario, AWrongExpectationIsTold) {
  Scenario scenario;
  scenario.name = "wrong.txt";
  scenario.policies = {
      "version: 1\nsite: {hostname: mx.example.org, domains: [example.org]}\nrules:\n  - {name: all, when: always, "
      "reject: true}\n"};
  scenario.zone = "example.org. MX 10 mx.example.org.\n";
  scenario.steps = {
      {1, "connect 198.51.100.1", {}}, {2, "mail <a@b.example>", {}}, {3, "rcpt <c@example.org>", {"accept"}}};
  EXPECT_EQ(run(scenario, {}).failures.size(), 1u);
}

}  // namespace
}  // namespace postern::scenario
