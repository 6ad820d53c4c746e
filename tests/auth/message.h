#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "policy/mail/facts.h"

namespace postern::test {

/// A message as a milter sees it: fields whose folds are "\n", and a body with CRLF.
struct Message {
  std::vector<HeaderField> header;
  std::string body;
};

/// Of text with either line end.
inline Message read_message(std::string_view text) {
  Message message;
  bool in_header = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!in_header) {
      message.body += line + "\r\n";
    } else if (line.empty()) {
      in_header = false;
    } else if ((line.front() == ' ' || line.front() == '\t') && !message.header.empty()) {
      message.header.back().value += "\n" + line;
    } else {
      const std::size_t colon = std::min(line.find(':'), line.size() - 1);
      message.header.push_back({line.substr(0, colon), line.substr(colon + 1)});
    }
  }
  return message;
}

}  // namespace postern::test
