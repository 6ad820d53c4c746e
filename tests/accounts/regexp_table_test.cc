#include "policy/accounts/tables/regexp_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/accounts/conformance.h"
#include "tests/accounts/table_files.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

struct World {
  explicit World(const std::string& text, PatternKind kind = PatternKind::regexp)
      : table(read_pattern_table(kind, "re", text, problems)) {}
  std::string ask(const std::string& key) const {
    const Reply reply = table->find(key);
    return reply.status == Reply::Status::found ? reply.rows.at(0).fields.at(0).second : "absent";
  }
  std::string told() const {
    std::string lines;
    for (const Problem& p : problems.sorted()) lines += p.line() + "\n";
    return lines;
  }
  Problems problems;
  std::shared_ptr<const TableContent> table;
};

std::string told(const std::string& text, PatternKind kind = PatternKind::regexp) { return World(text, kind).told(); }

TEST(RegexpTable, IsABackEndAsAllOthers) {
  std::string text;
  for (const auto& [key, value] : conformance::kTable) text += fmt::format("/^{}$/ {}\n", key, value);
  const test::TempFolder folder;
  const std::string path = folder / "table";
  write_file(path, text);
  FileTable table(path, kMostTableBytes, FileTable::Follow::refresh,
                  [](const auto& name, const auto& content, Problems& p) {
                    return read_pattern_table(PatternKind::regexp, name, content, p);
                  });
  Problems problems;
  table.load({}, problems);
  conformance::World world;
  world.survives = true;
  world.kill = [&] { write_file(path, "/(/ broken\n"); };
  world.revive = [&] { write_file(path, text); };
  conformance::check_table(table, world);
}

// What Postfix 3.7's postmap -q answers for the same table.
TEST(RegexpTable, AnswersAsPostfixDoes) {
  const World w(
      "# comment\n"
      "/^(.*)@x$/ r $1-${1}-$(1) $$\n"
      "/^a/!/b$/ two\n"
      "if /c/\n"
      "/d/ cd\n"
      "endif\n"
      "/(z)(y)?/ [$2]\n"
      "!/^[[:alpha:]]+$/i\n"
      "   no letters\n");
  EXPECT_EQ(w.told(), "");
  EXPECT_EQ(w.ask("Eva@X"), "r Eva-Eva-Eva $");
  EXPECT_EQ(w.ask("abc"), "two");
  EXPECT_EQ(w.ask("ab"), "absent");
  EXPECT_EQ(w.ask("cd"), "cd");
  EXPECT_EQ(w.ask("d"), "absent");
  EXPECT_EQ(w.ask("zz"), "[]");
  EXPECT_EQ(w.ask("zy"), "[y]");
  EXPECT_EQ(w.ask("a\nx"), "two");
  EXPECT_EQ(w.ask("1"), "no letters");
}

TEST(RegexpTable, NestsItsIfs) {
  const World w("if /a/\nif !/b/\n/c/ ac\nENDIF\n/b/ ab\nendif\n/./ other\n");
  EXPECT_EQ(w.told(), "");
  EXPECT_EQ(w.ask("ac"), "ac");
  EXPECT_EQ(w.ask("ab"), "ab");
  EXPECT_EQ(w.ask("abc"), "ab");
  EXPECT_EQ(w.ask("c"), "other");
}

TEST(RegexpTable, KnowsTheFlags) {
  EXPECT_EQ(World("/^A$/i x\n").ask("a"), "absent");  // toggles: off
  EXPECT_EQ(World("/^A$/ii x\n").ask("a"), "x");
  EXPECT_EQ(World("/a.b/ x\n").ask("a\nb"), "x");
  EXPECT_EQ(World("/a.b/m x\n").ask("a\nb"), "absent");
  EXPECT_EQ(World("/^b$/m x\n").ask("a\nb"), "x");
  EXPECT_EQ(World("/^b|c$/ x\n").ask("ac"), "x");
  EXPECT_EQ(World("/b|c/A x\n", PatternKind::pcre).ask("ac"), "absent");
  EXPECT_EQ(World("/(a+)/U $1\n", PatternKind::pcre).ask("aaa"), "a");
  EXPECT_EQ(World("/a.b/s x\n", PatternKind::pcre).ask("a\nb"), "absent");
  EXPECT_EQ(told("/a/x b\n"), "re:1:1: flag \"x\" is not to be had with RE2\n");
  EXPECT_EQ(told("/a/s b\n"), "re:1:1: flag \"s\" is not to be had with RE2\n");
}

TEST(RegexpTable, TakesAnyDelimiter) {
  EXPECT_EQ(World("/a\\/b/ x\n").ask("a/b"), "x");
  EXPECT_EQ(World("|a/b| x\n").ask("a/b"), "x");
}

TEST(RegexpTable, TellsEveryMistakeWithItsLine) {
  EXPECT_EQ(told("/(/ x\n/a x\nif /b/\n/a/ $2\n/a/\n!/(a)/ $1\nfoo bar\n/a/ $x\n/(a)\\1/ y\n/(?=a)/ z\n"),
            "re:1:1: missing ): (?i)(?s)(?:()\n"
            "re:2:1: the pattern does not end: another / is missing\n"
            "re:3:1: this if has no endif\n"
            "re:4:1: the result names group 2, the pattern has 0\n"
            "re:5:1: the pattern has no result\n"
            "re:6:1: a pattern that does not match catches no groups\n"
            "re:7:1: \"foo bar\" is no line of a table of patterns; /pattern/flags result, if /pattern/, or endif\n"
            "re:8:1: \"$x\" is no group; write $1, ${1} or $(1), and $$ for a dollar sign\n"
            "re:9:1: invalid escape sequence: \\1\n"
            "re:10:1: invalid perl operator: (?=\n");
  EXPECT_EQ(told("endif\n"), "re:1:1: this endif has no if\n");
  EXPECT_EQ(told("if /a/ /b/\nendif x\n"),
            "re:1:1: \"/b/\" stands behind an if; lines between if and endif begin without a blank\n"
            "re:2:1: \"x\" stands behind an endif\n");
}

TEST(RegexpTable, IsBounded) {
  std::string text;
  for (int i = 0; i < 2001; ++i) text += "/a/ x\n";
  EXPECT_EQ(told(text), "re:2001:1: over 2000 patterns\n");
  text.clear();
  for (int i = 0; i < 33; ++i) text += "if /a/\n";
  EXPECT_NE(told(text).find("over 32 ifs in each other"), std::string::npos);
  EXPECT_NE(told("/a/ " + std::string(4001, 'x') + "\n").find("over 4000 bytes"), std::string::npos);
}

TEST(RegexpTable, IsNotSlowedDownByAHostileKey) {
  const World w("/^(a+)+(a+)+(a+)+b$/ $1\n");  // hours, to a backtracker
  EXPECT_EQ(w.ask(std::string(512, 'a')), "absent");
}

}  // namespace
}  // namespace postern::accounts
