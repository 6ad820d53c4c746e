#include "tests/house/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/house/source_tree.h"

namespace postern::house {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kEverything{
    "CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "cmake", "config", "docs",
    "milter",         "packaging",         "policy",    "tests"};

TEST(Sources, HoldNoForbiddenWord) {
  for (const SourceFile& file : files(kEverything, [](std::string_view) { return true; })) {
    for (const std::string& line : forbidden_words(file.path, file.text)) ADD_FAILURE() << line;
  }
}

TEST(Sources, AForbiddenWordIsSeen) {
  EXPECT_THAT(forbidden_words("a.cc",
                              "int x = sys"
                              "tem(\"ls\");\n"),
              ElementsAre("a.cc:1:  sys"
                          "tem("));
  EXPECT_THAT(forbidden_words("a.cc",
                              "\n  spr"
                              "intf (b, c);\n"),
              ElementsAre("a.cc:2:  spr"
                          "intf ("));
  EXPECT_THAT(forbidden_words("a.cc", "snprintf(b, 1, c); file_system(x);\n"), IsEmpty());
  EXPECT_THAT(forbidden_words("a.md",
                              "see /wo"
                              "rk/shared\n"),
              ElementsAre("a.md:1:  /wo"
                          "rk/s"));
  EXPECT_THAT(forbidden_words("a.md", "network/worker, and /worker\n"), IsEmpty());
}

TEST(Sources, HeadersAreReadOnce) {
  for (const SourceFile& file : files({"milter", "config", "policy", "tests"}, is_cpp)) {
    if (!file.path.ends_with(".h")) continue;
    EXPECT_TRUE(file.text.starts_with("#pragma once\n")) << file.path;
  }
}

TEST(Sources, AreListedByHandInTheOrderOfTheAlphabet) {
  const auto lists = files({"milter", "config", "policy", "tests"},
                           [](std::string_view path) { return path.ends_with("CMakeLists.txt"); });
  for (const SourceFile& list : lists) {
    for (const std::string& line : unsorted_sources(list.path, list.text)) ADD_FAILURE() << line;
    EXPECT_EQ(list.text.find("GLOB"), std::string::npos) << list.path;
  }
}

TEST(Sources, AnUnsortedListIsSeen) {
  EXPECT_THAT(unsorted_sources("x", "postern_layer(x SOURCES b.cc # c\n  a.cc DEPENDS base)\n"),
              ElementsAre("x: a.cc stands behind b.cc"));
  EXPECT_THAT(unsorted_sources("x", "postern_test(b SOURCES b.cc)\npostern_test(a SOURCES a.cc)\n"), IsEmpty());
}

TEST(Sources, NoneIsForgotten) {
  const auto lists = files({"milter", "config", "policy", "tests"},
                           [](std::string_view path) { return path.ends_with("CMakeLists.txt"); });
  std::vector<std::string> listed;
  for (const SourceFile& list : lists) {
    const std::string folder = list.path.substr(0, list.path.rfind('/') + 1);
    for (const std::string& source : listed_sources(list.text)) listed.push_back(folder + source);
  }
  for (const SourceFile& file : files({"milter", "config", "policy", "tests"}, is_cpp)) {
    if (!file.path.ends_with(".cc")) continue;
    EXPECT_NE(std::find(listed.begin(), listed.end(), file.path), listed.end())
        << file.path << " is in no CMakeLists.txt";
  }
}

}  // namespace
}  // namespace postern::house
