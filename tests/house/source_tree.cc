#include "tests/house/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace postern::house {

namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::string root() { return POSTERN_SOURCE_DIR; }

std::string text_of(const std::string& path) { return read(fs::path(root()) / path); }

std::vector<SourceFile> files(const std::vector<std::string>& folders,
                              const std::function<bool(std::string_view)>& wanted) {
  std::vector<SourceFile> result;
  const auto take = [&](const fs::path& path) {
    const std::string name = fs::relative(path, root()).generic_string();
    if (wanted(name)) result.push_back({name, read(path)});
  };
  for (const std::string& folder : folders) {
    const fs::path start = fs::path(root()) / folder;
    if (fs::is_regular_file(start)) take(start);
    if (!fs::is_directory(start)) continue;
    for (fs::recursive_directory_iterator it(start), end; it != end; ++it) {
      const std::string name = it->path().filename().string();
      if (it->is_directory() && (name == "build" || name == "__pycache__" || name.starts_with('.')))
        it.disable_recursion_pending();
      else if (it->is_regular_file())
        take(it->path());
    }
  }
  std::sort(result.begin(), result.end(), [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return result;
}

bool is_cpp(std::string_view path) { return path.ends_with(".h") || path.ends_with(".cc"); }

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

}  // namespace postern::house
