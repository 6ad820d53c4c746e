#include "policy/accounts/tables/text_table.h"

#include <gtest/gtest.h>

#include "tests/accounts/conformance.h"
#include "tests/accounts/table_files.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

using conformance::soon;

class World {
 public:
  explicit World(std::string_view text) {
    write_file(path, text);
    table.load({}, problems);
  }
  /// The value, or the status.
  std::string ask(const std::string& key) {
    const Reply reply = table.find({Lookup::value, key}, soon());
    if (reply.status == Reply::Status::found) return reply.rows.at(0).fields.at(0).second;
    return reply.status == Reply::Status::absent ? "absent" : "failed";
  }
  std::string told() const {
    std::string lines;
    for (const Problem& p : problems.sorted()) lines += p.line().substr(path.size()) + "\n";
    return lines;
  }

  test::TempFolder folder;
  std::string path = folder / "table";
  Problems problems;
  FileTable table{path, kMostTableBytes, FileTable::Follow::refresh, read_text_table};
};

TEST(TextTable, IsABackEndAsAllOthers) {
  World w(conformance::table_text());
  conformance::World world;
  world.survives = true;
  world.kill = [&] { std::filesystem::remove(w.path); };
  world.revive = [&] { write_file(w.path, conformance::table_text()); };
  conformance::check_table(w.table, world);
}

TEST(TextTable, HasTheLinesOfPostmap) {
  World w(
      "# comment\n  # another\nEva@Acme.Example \t value one\n  continued\n# between\n   more\n\n \nb\tc\nlast line");
  EXPECT_EQ(w.ask("eva@acme.example"), "value one  continued   more");
  EXPECT_EQ(w.ask("EVA@ACME.EXAMPLE"), "value one  continued   more");
  EXPECT_EQ(w.ask("b"), "c");
  EXPECT_EQ(w.ask("last"), "line");
  EXPECT_EQ(w.ask("#"), "absent");
  EXPECT_EQ(w.told(), "");
}

TEST(TextTable, FoldsKeysBeyondAscii) {
  World w("J\xc3\x9cRGEN@acme.example x\n");
  EXPECT_EQ(w.ask("j\xc3\xbcrgen@acme.example"), "x");
}

TEST(TextTable, KeepsTheQuotesOfAKey) {  // as Postfix 3.7 answers postmap -q
  World w("\"a b\"@acme.example eva\n\"c\\\"d\"@acme.example tom\n");
  EXPECT_EQ(w.ask("\"a b\"@acme.example"), "eva");
  EXPECT_EQ(w.ask("a b@acme.example"), "absent");
  EXPECT_EQ(w.ask("\"c\\\"d\"@acme.example"), "tom");
}

TEST(TextTable, TellsWhatItPassesOver) {
  World w("  lonely\na 1\nA 2\nnovalue\nkey: x\n\"open x\nb \xff\n");
  EXPECT_EQ(w.ask("a"), "1");  // the first, as postmap does
  EXPECT_EQ(w.ask("novalue"), "absent");
  EXPECT_EQ(w.ask("b"), "absent");
  EXPECT_EQ(w.told(),
            ":1:1: warning: the line continues nothing, and is passed over; no blank in front\n"
            ":3:1: warning: \"A\" stands above already: that one holds\n"
            ":4:1: warning: \"novalue\" has no value: the line is passed over; write: key, blanks, value\n"
            ":5:1: warning: the key \"key:\" ends in a colon; aliases(5) have a form of their own\n"
            ":6:1: warning: a quote is not closed: the line is passed over\n"
            ":7:1: warning: the line is no UTF-8, and passed over\n");
}

TEST(TextTable, CountsWarningsBeyondTheTwentieth) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "same x\n";
  World w(text);
  EXPECT_EQ(w.problems.all().size(), 21U);
  EXPECT_EQ(w.problems.all().back().message, "29 more lines like these");
}

TEST(TextTable, IsNoBinaryFile) {
  World w(std::string_view("a\0b c\n", 6));
  EXPECT_FALSE(w.problems.usable());
  EXPECT_EQ(w.ask("a"), "failed");
}

TEST(TextTable, MayComeLater) {
  World w("a 1\n");
  FileTable late(w.folder / "late", kMostTableBytes, FileTable::Follow::refresh, read_text_table);
  Problems problems;
  late.load({"postern.yaml", 3, 4}, problems);
  EXPECT_TRUE(problems.usable());
  ASSERT_EQ(problems.all().size(), 1U);
  EXPECT_EQ(problems.all()[0].where.line, 3);
  EXPECT_EQ(late.find({Lookup::value, "a"}, soon()).status, Reply::Status::failed);
  write_file(w.folder / "late", "a 1\n");
  EXPECT_TRUE(late.refresh().empty());
  EXPECT_EQ(late.find({Lookup::value, "a"}, soon()).status, Reply::Status::found);
}

TEST(TextTable, ReadsAChangedFileAndKeepsTheOldOverABrokenOne) {
  World w("a 1\n");
  write_file(w.path, "a 2\n");
  EXPECT_EQ(w.ask("a"), "1");
  EXPECT_TRUE(w.table.refresh().empty());
  EXPECT_EQ(w.ask("a"), "2");
  write_file(w.path, std::string_view("\0", 1));
  EXPECT_EQ(w.table.refresh().size(), 1U);
  EXPECT_EQ(w.ask("a"), "2");
  EXPECT_TRUE(w.table.refresh().empty());  // told once
  write_file(w.path, "a 3\n");
  EXPECT_TRUE(w.table.refresh().empty());
  EXPECT_EQ(w.ask("a"), "3");
}

TEST(TextTable, DoesNotReadAFileThatIsBeingWritten) {
  World w("a 1\n");
  std::ofstream(w.path, std::ios::trunc) << "";  // an editor's first step: everybody would be unknown
  EXPECT_TRUE(w.table.refresh().empty());
  EXPECT_EQ(w.ask("a"), "1");
  write_file(w.path, "");
  EXPECT_TRUE(w.table.refresh().empty());
  EXPECT_EQ(w.ask("a"), "absent");  // once it has settled, it is meant
}

TEST(TextTable, IsNoFolderAndNoGiant) {
  World w("a 1\n");
  for (const std::string& path : {w.folder.path(), std::string("/dev/zero"), w.folder / "giant"}) {
    write_file(w.folder / "giant", "");
    std::filesystem::resize_file(w.folder / "giant", kMostTableBytes + 1);
    FileTable table(path, kMostTableBytes, FileTable::Follow::refresh, read_text_table);
    Problems problems;
    table.load({}, problems);
    EXPECT_FALSE(problems.usable()) << path;
  }
}

}  // namespace
}  // namespace postern::accounts
