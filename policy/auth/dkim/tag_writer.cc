#include "policy/auth/dkim/tag_writer.h"

#include <algorithm>

namespace postern::dkim {

namespace {

constexpr std::size_t kColumns = 77;
constexpr std::size_t kTab = 8;

}  // namespace

void TagWriter::add(std::string_view name, std::string_view value) {
  begin(name, value.size() + 1);  // and the semicolon that may follow
  write(value);
}

void TagWriter::add_list(std::string_view name, const std::vector<std::string_view>& parts) {
  begin(name, parts.empty() ? 1 : parts.front().size() + 1);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && column_ + parts[i].size() + 1 > kColumns) fold();
    write(parts[i]);
    if (i + 1 < parts.size()) write(":");
  }
}

void TagWriter::add_base64(std::string_view name, std::string_view base64) {
  begin(name, 1);
  while (!base64.empty()) {
    if (column_ + 1 >= kColumns) fold();
    const std::string_view line = base64.substr(0, kColumns - column_ - 1);
    write(line);
    base64.remove_prefix(line.size());
  }
}

void TagWriter::begin(std::string_view name, std::size_t room) {
  if (!text_.empty()) write(";");
  if (column_ + 1 + name.size() + 1 + room > kColumns)
    fold();
  else if (!text_.empty())
    write(" ");
  write(name);
  write("=");
}

void TagWriter::write(std::string_view word) {
  text_ += word;
  column_ += word.size();
}

void TagWriter::fold() {
  text_ += "\n\t";
  column_ = kTab;
}

}  // namespace postern::dkim
