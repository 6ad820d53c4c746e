#include "policy/dns/zone_lexer.h"

#include <algorithm>

namespace postern::dns {

bool ZoneLexer::next(ZoneEntry& entry) {
  while (at_ < text_.size()) {
    entry = {};
    entry.continued = text_[at_] == ' ' || text_[at_] == '\t';
    if (read_fault_line(entry)) return true;
    read_line(entry);
    if (failure_) return false;
    if (entry.words.empty()) continue;
    if (entry.words[0].text.starts_with('$') && !entry.continued) entry.kind = ZoneEntry::Kind::directive;
    return true;
  }
  return false;
}

// Takes a comment line `; FAULT …`, and nothing else.
bool ZoneLexer::read_fault_line(ZoneEntry& entry) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t end = std::min(text_.find('\n', at_), text_.size());
  const std::string_view line = text_.substr(at_, end - at_);
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos || line[first] != ';') return false;
  std::size_t i = line.find_first_not_of("; \t\r", first);
  while (i < line.size() && line[i] != ';') {  // up to a comment behind it
    const std::size_t stop = std::min(line.find_first_of(" \t\r;", i), line.size());
    entry.words.push_back({line.substr(i, stop - i), false, line_, column() + static_cast<int>(i)});
    i = line.find_first_not_of(kBlanks, stop);
  }
  if (entry.words.empty() || entry.words[0].text != "FAULT") {
    entry.words.clear();
    return false;
  }
  entry.kind = ZoneEntry::Kind::fault;
  at_ = std::min(end + 1, text_.size());
  next_line();
  return true;
}

void ZoneLexer::read_line(ZoneEntry& entry) {
  std::optional<ZoneWord> open;
  while (at_ < text_.size() && !failure_) {
    const char c = text_[at_];
    const ZoneWord here{text_.substr(at_, 1), false, line_, column()};
    if (c == '\n') {
      ++at_;
      next_line();
      if (!open) return;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == ';') {
      at_ = std::min(text_.find('\n', at_), text_.size());
    } else if (c == '(') {
      if (open) fail(here, "( within ( )");
      open = here;
      ++at_;
    } else if (c == ')') {
      if (!open) fail(here, ") without (");
      open.reset();
      ++at_;
    } else {
      entry.words.push_back(c == '"' ? quoted(here) : unquoted(here));
    }
  }
  if (open) fail(*open, "( without )");
}

ZoneWord ZoneLexer::quoted(ZoneWord word) {
  const std::size_t start = ++at_;
  while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') {
    const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n';
    at_ += escape ? 2 : 1;
  }
  word.text = text_.substr(start, at_ - start);
  word.quoted = true;
  if (at_ < text_.size() && text_[at_] == '"') {
    ++at_;
  } else {
    fail(word, "string without closing quote");
  }
  return word;
}

ZoneWord ZoneLexer::unquoted(ZoneWord word) {
  constexpr std::string_view kEnds = " \t\r\n;()\"";
  const std::size_t start = at_;
  while (at_ < text_.size() && kEnds.find(text_[at_]) == std::string_view::npos) {
    const bool escape =
        text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' && text_[at_ + 1] != '\r';
    at_ += escape ? 2 : 1;
  }
  word.text = text_.substr(start, at_ - start);
  return word;
}

void ZoneLexer::fail(const ZoneWord& at, std::string message) {
  if (!failure_) failure_ = ZoneFailure{std::move(message), at.line, at.column};
}

void ZoneLexer::next_line() {
  ++line_;
  line_start_ = at_;
}

}  // namespace postern::dns
