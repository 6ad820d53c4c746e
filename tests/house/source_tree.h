#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::house {

/// A file of the project, by its path from the root ("policy/dns/domain.h").
struct SourceFile {
  std::string path;
  std::string text;
};

/// All files below the folders `folders` (or those files themselves) for which `wanted(path)` is true, in the order of
/// their paths. What a build leaves behind is not among them.
std::vector<SourceFile> files(const std::vector<std::string>& folders,
                              const std::function<bool(std::string_view path)>& wanted);

/// The text of one file, empty when there is none.
std::string text_of(const std::string& path);
/// Where the project lies on this machine.
std::string root();

bool is_cpp(std::string_view path);
std::vector<std::string> lines_of(std::string_view text);

}  // namespace postern::house
