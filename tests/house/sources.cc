#include "tests/house/sources.h"

#include <regex>

#include "tests/house/source_tree.h"

namespace postern::house {

namespace {

/// The words between the brackets of the calls of a CMakeLists.txt, comments left out; "(" stands before each call's
/// words.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  static const std::regex kWord("\\(|[^\\s()]+");
  for (const std::string& line : lines_of(text)) {
    const std::string code = line.substr(0, line.find('#'));
    for (std::sregex_iterator it(code.begin(), code.end(), kWord), end; it != end; ++it) words.push_back(it->str());
  }
  return words;
}

bool is_keyword(const std::string& word) {
  static const std::regex kKeyword("[A-Z_]+|\\(");
  return std::regex_match(word, kKeyword);
}

}  // namespace

std::vector<std::string> forbidden_words(std::string_view path, std::string_view text) {
  // The pattern of folders is put together so that it does not find itself.
  static const std::regex kCalls(
      "(^|[^A-Za-z0-9_.>])(system|popen|strcpy|strcat|sprintf|vsprintf|gets|tmpnam|mktemp|alloca)\\s*\\(");
  static const std::regex kFolders(
      "(^|[\\s\"'`=(<:])/("
      "work|root|home"
      ")/[A-Za-z.]|/tmp/"
      "(brief|b)/");
  std::vector<std::string> found;
  int number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    std::smatch match;
    if ((is_cpp(path) && std::regex_search(line, match, kCalls)) || std::regex_search(line, match, kFolders))
      found.push_back(std::string(path) + ":" + std::to_string(number) + ": " + match.str());
  }
  return found;
}

std::vector<std::string> unsorted_sources(std::string_view path, std::string_view text) {
  std::vector<std::string> found;
  bool in_sources = false;
  std::string previous;
  for (const std::string& word : words_of(text)) {
    if (is_keyword(word)) {
      in_sources = word == "SOURCES";
      previous.clear();
    } else if (in_sources && !word.starts_with('$')) {
      if (word < previous) found.push_back(std::string(path) + ": " + word + " stands behind " + previous);
      previous = word;
    }
  }
  return found;
}

std::vector<std::string> listed_sources(std::string_view text) {
  std::vector<std::string> listed;
  for (const std::string& word : words_of(text)) {
    if (word.ends_with(".cc")) listed.push_back(word);
  }
  return listed;
}

}  // namespace postern::house
