#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/configuration.h"

namespace postern::config {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Where the whole sites lie that are written in the language as it will be: $POSTERN_SHARED, or `shared` beside the
/// project.
fs::path examples() {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "examples";
}

// Each is right but for what comes later, and that is told name by name: tests/config/data/NAME.txt.
TEST(Examples, TellExactlyWhatComesLater) {
  if (!fs::is_directory(examples())) GTEST_SKIP() << examples() << " is not there";
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(examples())) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  EXPECT_GE(files.size(), 7U);
  for (const fs::path& file : files) {
    Problems problems;
    load_text(file.filename().string(), read(file), file.parent_path().string(), {}, problems);
    std::string all;
    for (const Problem& p : problems.sorted()) {
      EXPECT_NE(p.kind, Problem::Kind::error) << p.line();
      if (p.kind == Problem::Kind::warning) continue;  // of files that this machine may have or not
      all += p.line() + "\n";
    }
    const fs::path golden = fs::path(POSTERN_TEST_DATA) / file.filename().replace_extension(".txt");
    if (::getenv("POSTERN_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << all;
    EXPECT_EQ(all, read(golden)) << golden;
  }
}

}  // namespace
}  // namespace postern::config
