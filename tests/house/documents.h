#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::house {

/// A fenced block of a Markdown document.
struct Block {
  int line = 0;          ///< of its first line of text
  std::string language;  ///< "yaml", or empty
  std::string text;
};
std::vector<Block> blocks_of(std::string_view markdown);

/// The words behind `postern ` in a document's inline code and unnamed or shell blocks: commands that it shows.
std::vector<std::string> commands_of(std::string_view markdown);

/// The cells of each row of a document's tables, without blanks at both ends; header rows among them.
std::vector<std::vector<std::string>> rows_of(std::string_view markdown);

/// A block of YAML as a whole configuration. A list is taken as rules, with both presets behind them where it includes
/// none; a map gets a `site:` where it has none.
std::string as_configuration(const std::string& block);

/// What the comment lines `# not in this version: check spf` of a block announce.
std::vector<std::string> announced(std::string_view block);

}  // namespace postern::house
