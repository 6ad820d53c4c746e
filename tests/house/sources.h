#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::house {

/// Words that stand nowhere in a source: functions that start a shell or write past an end, and folders of somebody's
/// machine.
std::vector<std::string> forbidden_words(std::string_view path, std::string_view text);

/// Where the sources of a CMakeLists.txt are not in the order of the alphabet.
std::vector<std::string> unsorted_sources(std::string_view path, std::string_view text);

/// The .cc files that a CMakeLists.txt names.
std::vector<std::string> listed_sources(std::string_view text);

}  // namespace postern::house
