#include "config/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <chrono>
#include <string>

#include "config/read_file.h"
#include "policy/base/document.h"

namespace postern::config {
namespace {

using ::testing::HasSubstr;

Node read(std::string_view text) {
  Problems problems;
  std::optional<Node> node = read_yaml("t.yaml", text, problems);
  for (const Problem& p : problems.all()) ADD_FAILURE() << p.line();
  return node ? *std::move(node) : Node{};
}

/// The lines told about a text that must be refused.
std::string refused(std::string_view text) {
  Problems problems;
  const std::optional<Node> node = read_yaml("t.yaml", text, problems);
  EXPECT_FALSE(node.has_value()) << text.substr(0, 100);
  std::string lines;
  for (const Problem& p : problems.sorted()) lines += p.line() + "\n";
  return lines;
}

/// Where `word` of the scalar at `key` stands, as "line:column".
std::string place_of(std::string_view text, std::string_view key, std::string_view word) {
  const Node root = read(text);
  const Node* node = root.find(key);
  if (node == nullptr) return "no key";
  const std::size_t offset = node->text.find(word);
  if (offset == std::string::npos) return "not in " + node->text;
  const Place place = node->at(offset);
  return std::to_string(place.line) + ":" + std::to_string(place.column);
}

TEST(YamlReader, KeepsEveryValueAsText) {
  const Node root = read("a: 010\nb: yes\nc: null\nd: 1.50\ne: '5'\n");
  EXPECT_EQ(root.find("a")->text, "010");
  EXPECT_EQ(root.find("b")->text, "yes");
  EXPECT_EQ(root.find("c")->text, "null");
  EXPECT_EQ(root.find("d")->text, "1.50");
  EXPECT_FALSE(root.find("d")->quoted);
  EXPECT_TRUE(root.find("e")->quoted);
}

TEST(YamlReader, TellsNothingFromText) {
  const Node root = read("a:\nb: ~\nc: ''\nd: []\n");
  EXPECT_TRUE(root.find("a")->is_null());
  EXPECT_EQ(root.find("a")->where.line, 1);
  EXPECT_TRUE(root.find("b")->is_null());
  EXPECT_TRUE(root.find("c")->is_scalar());
  EXPECT_TRUE(root.find("d")->is_list());
  EXPECT_TRUE(read("").is_null());
  EXPECT_TRUE(read("# nothing but a comment\n").is_null());
}

TEST(YamlReader, KnowsThePlaceInEveryStyle) {
  EXPECT_EQ(place_of("a: one two", "a", "two"), "1:8");
  EXPECT_EQ(place_of("a: 'one two'", "a", "two"), "1:9");
  EXPECT_EQ(place_of("a: \"one two\"", "a", "two"), "1:9");
  EXPECT_EQ(place_of("a: 'it''s two'", "a", "two"), "1:11");
  EXPECT_EQ(place_of(R"(a: "x \" \u00e9 two")", "a", "two"), "1:17");
  EXPECT_EQ(place_of("a: one\n   and two\n", "a", "two"), "2:8");
  EXPECT_EQ(place_of("a: 'one\n\n  and two'\n", "a", "two"), "3:7");
  EXPECT_EQ(place_of("a: \"one \\\n  and two\"\n", "a", "two"), "2:7");
  EXPECT_EQ(place_of("a: >-\n  one\n  and two\n", "a", "two"), "3:7");
  EXPECT_EQ(place_of("a: |\n  one\n\n    and two\n", "a", "two"), "4:9");
  EXPECT_EQ(place_of("a: |2 # so\n  one\n  two\n", "a", "two"), "3:3");
}

TEST(YamlReader, CountsColumnsInCharacters) {
  EXPECT_EQ(place_of("a: Sở Nội vụ two", "a", "two"), "1:14");
  EXPECT_EQ(place_of("é: 'ü two'", "é", "two"), "1:7");
  EXPECT_EQ(place_of("\xef\xbb\xbf"
                     "a: two",
                     "a", "two"),
            "1:4");
  EXPECT_EQ(place_of("b: 1\r\na: 'one two'\r\n", "a", "two"), "2:9");
}

TEST(YamlReader, SeesACommentBehindAPlainText) {
  EXPECT_TRUE(read("a: b == c # d\n").find("a")->comment_follows);
  EXPECT_FALSE(read("a: b#c\n").find("a")->comment_follows);
  EXPECT_FALSE(read("a: b\n# c\n").find("a")->comment_follows);
  EXPECT_FALSE(read("a: 'b' # c\n").find("a")->comment_follows);
  EXPECT_TRUE(read("a: b\n  c # d\n").find("a")->comment_follows);
}

TEST(YamlReader, RefusesWhatItDoesNotWant) {
  EXPECT_EQ(refused("a: 1\nb: 2\na: 3\n"), "t.yaml:3:1: \"a\" stands twice; first in line 1\n");
  EXPECT_THAT(refused("a: !!str x\n"), HasSubstr("t.yaml:1:4: YAML tags are not allowed"));
  EXPECT_THAT(refused("a: !x\n"), HasSubstr("t.yaml:1:4: YAML tags are not allowed"));
  EXPECT_THAT(refused("a: ! 'x'\n"), HasSubstr("t.yaml:1:4: YAML tags are not allowed"));
  EXPECT_THAT(refused("a: ! [x]\n"), HasSubstr("t.yaml:1:4: YAML tags are not allowed"));
  EXPECT_THAT(refused("a: &x 1\nb: *x\n"), HasSubstr("t.yaml:1:4: anchors are not allowed"));
  EXPECT_THAT(refused("a: *.example.org\n"), HasSubstr("begins with * or &"));
  EXPECT_THAT(refused("a: 1\n---\nb: 2\n"), HasSubstr("t.yaml:2:1: a second document begins"));
  EXPECT_THAT(refused("[a]: 1\n"), HasSubstr("t.yaml:1:1: a key is a text, not a list"));
}

TEST(YamlReader, RefusesWhatIsNoText) {
  using namespace std::string_view_literals;
  EXPECT_EQ(refused("a: x\nb: \0\n"sv), "t.yaml:2:4: a NUL byte (0x00); a configuration is UTF-8 text\n");
  EXPECT_THAT(refused("a: \xff\n"), HasSubstr("t.yaml:1:4: a byte that is no UTF-8 (0xff)"));
  EXPECT_THAT(refused("a: \xc0\x80\n"), HasSubstr("no UTF-8"));
  EXPECT_THAT(refused("a: \xed\xa0\x80\n"), HasSubstr("no UTF-8"));
  EXPECT_THAT(refused("a: \xf4\x90\x80\x80\n"), HasSubstr("no UTF-8"));
  EXPECT_THAT(refused("a: \xe2\x82"), HasSubstr("no UTF-8"));
  EXPECT_THAT(refused("a: \x1b[1m\n"), HasSubstr("a control byte (0x1b)"));
}

TEST(YamlReader, HintsAtForgottenQuotes) {
  EXPECT_EQ(
      refused("reject: {login}\n"),
      "t.yaml:1:9: {login} without quotes is a map to YAML, not a text; put the whole text in quotes: \"{login}\"\n");
  EXPECT_THAT(refused("reject: {login} is late\n"), HasSubstr("t.yaml:1:9: {login} without quotes"));
  EXPECT_THAT(refused("when: 'a' in b\n"), HasSubstr("quotes around all of it"));
  EXPECT_THAT(refused("when: header.X == \"a: b\"\n"), HasSubstr("quotes around all of it"));
  EXPECT_THAT(refused("a: 1\n\tb: 2\n"), HasSubstr("indent with blanks"));
  EXPECT_THAT(refused("a: @b\n"), HasSubstr("begins with @"));
  EXPECT_THAT(refused("a: \"\\d\"\n"), HasSubstr("use '...' around a pattern"));
  EXPECT_THAT(refused("a: [b, c\n"), HasSubstr("t.yaml:1:4: "));
  EXPECT_THAT(refused("a: \"b\n"), HasSubstr("a quote is not closed"));
  EXPECT_TRUE(read("change: {spf-fail: , callout: off}\n").find("change")->is_map());
}

// FAULTS T70.
TEST(YamlReader, EndsBombsSoonAndCleanly) {
  const auto repeated = [](std::string_view piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
  };
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THAT(refused(repeated("[", 100'000)), HasSubstr("nested over 32 deep"));
  EXPECT_THAT(refused(repeated("[", kMaxFileBytes)), HasSubstr("nested over 32 deep"));
  EXPECT_THAT(refused(repeated("{", 100'000)), HasSubstr("nested over 32 deep"));
  EXPECT_THAT(refused(repeated("- ", 100'000)), HasSubstr("nested over 32 deep"));
  EXPECT_THAT(refused(repeated("a: {", 100'000)), HasSubstr("nested over 32 deep"));
  EXPECT_THAT(refused(repeated("[a,", 100'000)), HasSubstr("nested over 32 deep"));
  EXPECT_THAT(refused(repeated("? ", 100'000)), HasSubstr("nested over 32 deep"));
  EXPECT_THAT(refused(std::string(kMaxFileBytes + 1, ' ')), HasSubstr("over 4 MiB"));
  EXPECT_THAT(refused("a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n"), HasSubstr("anchors are not allowed"));
  EXPECT_THAT(refused("a:\n" + repeated("- x\n", kMaxValues + 1)), HasSubstr("more than 500000 values"));
  std::string line = "{";
  for (int i = 0; i < 240'000; ++i) line += "k" + std::to_string(i) + ": v,";
  EXPECT_EQ(read(line + "z: v}").find("z")->where.column, static_cast<int>(line.size()) + 4);
  EXPECT_TRUE(read("a: \"" + repeated("\\\"", 1'000'000) + "\"").is_map());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

// What these tests refuse is taken without a word by whoever reads with the library alone.
TEST(YamlReader, WouldTakeAllThatFromTheLibraryAlone) {
  for (const std::string& text :
       {std::string("a: 1\nb: 2\na: 3\n"), std::string("a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]\n"),
        std::string("a: !x y\n"), std::string(kMaxDepth + 1, '[') + std::string(kMaxDepth + 1, ']'),
        "a: 1\n" + std::string(kMaxFileBytes, '\n')}) {
    EXPECT_NO_THROW(YAML::Load(text)) << text.substr(0, 100);
    EXPECT_FALSE(refused(text).empty()) << text.substr(0, 100);
  }
}

TEST(YamlReader, TakesNestingUpToTheCap) {
  EXPECT_TRUE(read(std::string(kMaxDepth, '[') + std::string(kMaxDepth, ']')).is_list());
  EXPECT_THAT(refused(std::string(kMaxDepth + 1, '[') + std::string(kMaxDepth + 1, ']')),
              HasSubstr("nested over 32 deep"));
  const auto nested = [](std::size_t depth) {
    std::string text = "a:";
    for (std::size_t i = 1; i < depth; ++i) text += "\n" + std::string(i, ' ') + "a:";
    return text + " x\n";
  };
  EXPECT_TRUE(read(nested(kMaxDepth)).is_map());
  EXPECT_THAT(refused(nested(kMaxDepth + 1)), HasSubstr("nested over 32 deep"));
}

TEST(YamlReader, RefusesWhatIsNoRegularFile) {
  for (const auto& [path, why] :
       {std::pair{"/", "it is a folder"}, {"/dev/zero", "it is no regular file"}, {"/no/such/file", "No such file"}}) {
    Problems problems;
    EXPECT_FALSE(read_yaml_file(path, path, problems));
    ASSERT_EQ(problems.all().size(), 1U);
    EXPECT_THAT(problems.all()[0].line(), HasSubstr(why));
  }
}

}  // namespace
}  // namespace postern::config
