#include "policy/mail/smtp_reply.h"

#include <fmt/format.h>

#include <charconv>

#include "policy/base/text.h"

namespace postern::smtp {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// RFC 5321 4.2: Reply-code = %x32-35 %x30-35 %x30-39
std::optional<int> code_of(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || line[1] < '0' || line[1] > '5' || !is_digit(line[2]))
    return std::nullopt;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

struct Status {
  int reply_class;
  Detail detail;
  friend bool operator==(const Status&, const Status&) = default;
};

// RFC 3463 2: 1 to 3 digits; takes them from the front of `text`.
std::optional<std::uint16_t> number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && digits < 4 && is_digit(text[digits])) ++digits;
  if (digits == 0 || digits > 3) return std::nullopt;
  std::uint16_t value = 0;
  std::from_chars(text.data(), text.data() + digits, value);
  text.remove_prefix(digits);
  return value;
}

std::optional<Status> status_at(std::string_view text) {
  if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return std::nullopt;
  const int reply_class = text[0] - '0';
  text.remove_prefix(2);
  const auto subject = number(text);
  if (!subject || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  const auto detail = number(text);
  if (!detail || (!text.empty() && (is_digit(text[0]) || text[0] == '.'))) return std::nullopt;
  return Status{reply_class, {*subject, *detail}};
}

std::optional<Status> status_behind_hash(std::string_view text) {
  for (std::size_t at = text.find('#'); at != std::string_view::npos; at = text.find('#', at + 1)) {
    if (const auto status = status_at(text.substr(at + 1))) return status;
  }
  return std::nullopt;
}

}  // namespace

std::string ServerReply::printable_text() const { return printable(fmt::format("{} {}", code, join(lines, " / "))); }

EnhancedStatus enhanced_status(const ServerReply& reply) {
  using Form = EnhancedStatus::Form;
  for (const auto read : {status_at, status_behind_hash}) {
    std::optional<Status> found;
    for (const std::string& line : reply.lines) {
      const auto status = read(line);
      if (status && found && *status != *found) return {Form::contradictory, {}};
      if (status) found = status;
    }
    if (!found) continue;
    if (found->reply_class != reply.code / 100) return {Form::contradictory, {}};  // RFC 2034 4
    return {Form::one, found->detail};
  }
  return {};
}

ReplyReader::State ReplyReader::broken(std::string_view why) {
  problem_ = why;
  return state_ = State::broken;
}

ReplyReader::State ReplyReader::take(std::string_view& bytes) {
  while (state_ == State::more && !bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (++bytes_ > kMostReplyBytes) return broken("a reply is too long");
    if (line_.size() + 1 > kMostLineBytes) return broken("a reply line is too long");
    if (c == '\0') return broken("NUL in a reply");
    const bool after_cr = line_.ends_with('\r');
    if (c == '\n' && !after_cr) return broken("a bare LF in a reply");
    if (c != '\n' && after_cr) return broken("a bare CR in a reply");
    line_ += c;
    if (c == '\n') state_ = take_line();
  }
  return state_;
}

ReplyReader::State ReplyReader::take_line() {
  const std::string_view line = std::string_view(line_).substr(0, line_.size() - 2);
  const auto code = code_of(line);
  if (!code) return broken("no reply code");
  if (!reply_.lines.empty() && *code != reply_.code) return broken("the lines of a reply have different codes");
  const bool goes_on = line.size() > 3 && line[3] == '-';
  if (line.size() > 3 && line[3] != ' ' && !goes_on) return broken("no blank behind the reply code");
  if (reply_.lines.size() == kMostReplyLines) return broken("a reply has too many lines");
  reply_.code = *code;
  reply_.lines.emplace_back(line.size() > 3 ? line.substr(4) : std::string_view());
  line_.clear();
  return goes_on ? State::more : State::done;
}

}  // namespace postern::smtp
