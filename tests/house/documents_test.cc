#include "tests/house/documents.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include "config/configuration.h"
#include "config/presets.h"
#include "config/reference.h"
#include "config/reference_model.h"
#include "config/sections.h"
#include "config/yaml_reader.h"
#include "policy/accounts/account_file.h"
#include "policy/checks/registry.h"
#include "policy/rules/facts.h"
#include "tests/house/source_tree.h"

extern char** environ;

namespace postern::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

bool is_markdown(std::string_view path) { return path.ends_with(".md"); }
const std::vector<std::string> kDocuments{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", "packaging"};

/// Loads a configuration; every error, and every name of a later version that is not announced, is a failure.
void expect_loads(const std::string& name, const std::string& text, std::vector<std::string> later = {}) {
  Problems problems;
  config::LoadOptions options;
  options.offline = true;
  config::load_text(name, text, root() + "/config", options, problems);
  std::vector<std::string> told;
  for (const Problem& p : problems.sorted()) {
    const bool key = p.message.starts_with(root() + "/config/keys/");  // nobody keeps a private key beside a page
    if (p.kind == Problem::Kind::error && !key) ADD_FAILURE() << p.line() << "\n" << text;
    if (p.kind == Problem::Kind::later) told.push_back(p.message.substr(0, p.message.rfind(" is not in this version")));
  }
  std::sort(later.begin(), later.end());
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, later) << name;
}

TEST(Documents, EveryBlockOfYamlLoads) {
  std::size_t blocks = 0;
  for (const SourceFile& file : files(kDocuments, is_markdown)) {
    for (const Block& block : blocks_of(file.text)) {
      if (block.language != "yaml") continue;
      ++blocks;
      expect_loads(fmt::format("{}:{}", file.path, block.line), as_configuration(block.text), announced(block.text));
    }
  }
  EXPECT_GE(blocks, 6U);
}

TEST(Documents, EveryFileOfAccountsLoads) {
  std::size_t blocks = 0;
  for (const SourceFile& file : files(kDocuments, is_markdown)) {
    for (const Block& block : blocks_of(file.text)) {
      if (block.language != "accounts.yaml") continue;
      ++blocks;
      Problems problems;
      const auto tree = config::read_yaml(fmt::format("{}:{}", file.path, block.line), block.text, problems);
      if (tree) accounts::read_account_file(*tree, LetterCase::fold, problems);
      for (const Problem& p : problems.sorted()) ADD_FAILURE() << p.line() << "\n" << block.text;
    }
  }
  EXPECT_GE(blocks, 2U);
}

TEST(Documents, EveryShippedConfigurationLoads) {
  for (const SourceFile& file : files({"config"}, [](std::string_view path) { return path.ends_with(".yaml"); })) {
    const bool preset = file.path.starts_with("config/presets/");
    expect_loads(file.path, preset ? fmt::format("site: {{domains: [example.org]}}\nrules:\n  - include: {}\n",
                                                 file.path.substr(7))
                                   : file.text);
  }
}

TEST(Documents, PresetsInTheProgramAreTheFiles) {
  EXPECT_EQ(config::presets().size(), files({"config/presets"}, [](std::string_view) { return true; }).size());
  for (const config::Preset& preset : config::presets())
    EXPECT_EQ(preset.text, text_of("config/" + std::string(preset.name)));
}

TEST(Documents, EveryCheckHasItsPageWithItsOutcomes) {
  for (const CheckType* type : check_types()) {
    const std::string path = fmt::format("docs/checks/{}.md", type->name);
    const std::string page = text_of(path);
    EXPECT_FALSE(page.empty()) << path;
    std::vector<std::string> expected;
    for (const Outcome& o : type->outcomes) {
      const bool own_reply = o.reply.code != 0;
      expected.push_back(fmt::format("`{}`{} -> {} -> {}", o.name, o.failure == Failure::yes ? " (failure)" : "",
                                     own_reply
                                         ? fmt::format("{} {}.{}.{} {}", o.reply.code, o.reply.code / 100,
                                                       o.reply.status.subject, o.reply.status.detail, o.reply.text)
                                         : "-",
                                     o.rfc.empty() ? "-" : o.rfc));
    }
    std::vector<std::string> shown;
    bool in_table = false;
    for (const auto& row : rows_of(page)) {
      if (row.size() >= 2 && row[0] == "Setting") in_table = false;
      if (in_table && row.size() == 4 && !row[0].starts_with("-"))
        shown.push_back(row[0] + " -> " + row[2] + " -> " + row[3]);
      if (row.size() == 4 && row[0] == "Outcome") in_table = true;
    }
    EXPECT_EQ(shown, expected) << path;
    if (!type->settings.empty()) continue;  // its page names the other's
    for (const Settings::Asked& setting : settings_of(*type)) {
      const auto rows = rows_of(page);
      const std::string fallback = setting.fallback.empty() ? "-" : "`" + setting.fallback + "`";
      const bool there = std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
        return row.size() >= 2 && row[0] == "`" + setting.key + "`" && row[1] == fallback;
      });
      EXPECT_TRUE(there) << path << " lacks " << setting.key << " with its default " << setting.fallback;
    }
  }
  for (const SourceFile& page : files({"docs/checks"}, is_markdown)) {
    const std::string name = page.path.substr(12, page.path.size() - 15);
    const auto types = check_types();
    EXPECT_TRUE(std::any_of(types.begin(), types.end(), [&](const CheckType* t) { return t->name == name; }))
        << page.path << " is of no check";
  }
}

// With POSTERN_WRITE_GOLDEN set the page is brought up to date instead.
TEST(Documents, TheConfigurationPageHoldsTheReference) {
  std::string page = text_of("docs/configuration.md");
  constexpr std::string_view kBegin = "<!-- postern reference: begin -->\n";
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find("<!-- postern reference: end -->");
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string now = config::reference(config::ReferenceForm::markdown);
  if (::getenv("POSTERN_WRITE_GOLDEN") != nullptr) {
    page.replace(begin + kBegin.size(), end - begin - kBegin.size(), now);
    std::ofstream(root() + "/docs/configuration.md") << page;
  } else {
    EXPECT_EQ(page.substr(begin + kBegin.size(), end - begin - kBegin.size()), now);
  }
  for (const config::PresetRules& preset : config::preset_rules()) {
    EXPECT_FALSE(preset.rules.empty()) << preset.file;
    for (const std::string& rule : preset.rules)
      EXPECT_NE(page.find("`" + rule + "`"), std::string::npos) << "docs/configuration.md lacks " << rule;
  }
}

TEST(Documents, EveryEventIsListed) {
  static const std::regex kEvent("Event(?: [a-z_]+)?\\{(?:\\.name = )?\"([a-z.-]+)\"");
  std::set<std::string> written;
  for (const SourceFile& file : files({"milter", "config", "policy"}, is_cpp)) {
    for (std::sregex_iterator it(file.text.begin(), file.text.end(), kEvent), end; it != end; ++it)
      written.insert((*it)[1]);
  }
  EXPECT_TRUE(written.contains("decision"));
  std::set<std::string> listed;
  static const std::regex kHeading("^### `([a-z.-]+)`$");
  for (const std::string& line : lines_of(text_of("docs/log-events.md"))) {
    std::smatch match;
    if (std::regex_match(line, match, kHeading)) listed.insert(match[1]);
  }
  EXPECT_EQ(listed, written);
}

TEST(Documents, EveryFieldOfADecisionIsListed) {
  static const std::regex kField("event\\.add\\(\"([a-z_]+)\"");
  const std::string source = text_of("policy/engine/decision_record.cc");
  std::size_t fields = 0;
  std::set<std::string> listed;
  static const std::regex kName("`([a-z_]+)`");
  for (const auto& row : rows_of(text_of("docs/log-events.md"))) {
    for (std::sregex_iterator it(row[0].begin(), row[0].end(), kName), end; it != end; ++it) listed.insert((*it)[1]);
  }
  for (std::sregex_iterator it(source.begin(), source.end(), kField), end; it != end; ++it, ++fields) {
    EXPECT_TRUE(listed.contains((*it)[1])) << "docs/log-events.md lacks the field " << (*it)[1];
  }
  EXPECT_GE(fields, 20U);
}

TEST(Documents, TheLanguagePageNamesEveryFactActionAndSection) {
  const std::string page = text_of("docs/language.md");
  const auto names = [&](std::string_view name) { return page.find(fmt::format("`{}`", name)) != std::string::npos; };
  for (const rules::FactDoc& fact : rules::fact_table()) {
    const std::string name = fact.is_prefix() ? fmt::format("{}NAME", fact.name) : std::string(fact.name);
    if (!fact.later) {
      EXPECT_TRUE(names(name)) << name;
    }
  }
  for (const rules::ActionDoc& action : rules::action_table()) {
    if (!action.later) {
      EXPECT_TRUE(names(action.name)) << action.name;
    }
  }
  for (const config::SectionName& section : config::section_names()) {
    if (section.later) {
      EXPECT_TRUE(names(section.name)) << section.name;
    }
  }
}

#ifdef POSTERN_BINARY
/// What `postern --help` prints.
std::string help() {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  std::string binary = POSTERN_BINARY;
  std::string option = "--help";
  char* arguments[] = {binary.data(), option.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  pid_t child = 0;
  const int error = posix_spawn(&child, binary.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  if (error != 0 || waitpid(child, &status, 0) != child || status != 0) return {};
  return text;
}

/// The names below "Subcommands:".
std::set<std::string> commands_in(const std::string& help_text) {
  std::set<std::string> commands;
  bool inside = false;
  for (const std::string& line : lines_of(help_text)) {
    if (line.ends_with("ubcommands:"))
      inside = true;
    else if (inside && line.starts_with("  "))
      commands.insert(line.substr(2, line.find(' ', 2) - 2));
    else
      inside = false;
  }
  return commands;
}

TEST(Documents, EveryCommandShownExists) {
  const std::set<std::string> there = commands_in(help());
  EXPECT_GE(there.size(), 7U);
  std::set<std::string> shown;
  for (const SourceFile& file : files(kDocuments, is_markdown)) {
    if (file.path == "docs/roadmap.md") continue;  // it speaks of what comes
    for (const std::string& command : commands_of(file.text)) {
      shown.insert(command);
      EXPECT_TRUE(there.contains(command)) << file.path << " shows `postern " << command << "`";
    }
  }
  EXPECT_GE(shown.size(), 5U);
}
#endif

TEST(Documents, WhatATestWouldMissIsSeen) {
  const std::string page =
      "x `postern nosuch -c F` y\n```\n$ postern run\n```\n```yaml\n- name: a\n```\n| `a` | b \\| c |\n";
  EXPECT_THAT(commands_of(page), ElementsAre("nosuch", "run"));
  ASSERT_EQ(blocks_of(page).size(), 2U);
  EXPECT_EQ(blocks_of(page)[1].line, 6);
  EXPECT_THAT(rows_of(page), ElementsAre(ElementsAre("`a`", "b | c")));
  EXPECT_THAT(announced("# not in this version: check spf\na: b\n"), ElementsAre("check spf"));
  EXPECT_THAT(commands_of("no code: postern nosuch\n"), IsEmpty());
}

}  // namespace
}  // namespace postern::house
