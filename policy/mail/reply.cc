#include "policy/mail/reply.h"

#include <fmt/format.h>

#include "policy/base/text.h"

namespace postern {

namespace {

constexpr std::size_t kMaxLineBytes =
    480;                               // RFC 5321 4.5.3.1.5: a reply line has at most 512 bytes with code and status
constexpr std::size_t kMaxLines = 10;  // FAULTS T4
constexpr std::size_t kIdRoom = 24;    // " (id)" always fits behind the last line

int code_of_class(int code, ReplyClass reply_class) {
  const int digit = static_cast<int>(reply_class);
  if (code < 400 || code > 599) return digit == 5 ? 550 : 451;
  if (code / 100 == digit) return code;
  if (digit == 4) {
    switch (code) {  // RFC 5321 4.2.3: the 4yz twin of each 5yz
      case 550:
      case 553:
      case 556: return 450;
      case 551:
      case 554: return 451;
      case 552: return 452;
      case 555: return 455;
      default: return 451;
    }
  }
  switch (code) {
    case 452: return 552;
    case 455: return 555;
    default: return 550;  // 421 too: closing the channel is no permanent failure
  }
}

// Breaks at a blank where there is one in the second half of the line.
std::vector<std::string> wrap(std::string text) {
  std::vector<std::string> lines;
  std::string_view rest = text;
  while (!rest.empty() && lines.size() < kMaxLines) {
    const std::size_t room = lines.size() + 1 == kMaxLines ? kMaxLineBytes - kIdRoom : kMaxLineBytes;
    if (rest.size() <= room - kIdRoom) {
      lines.emplace_back(rest);
      break;
    }
    std::size_t cut = rest.substr(0, room).rfind(' ');
    if (cut == std::string_view::npos || cut < room / 2) cut = room;
    lines.emplace_back(rest.substr(0, cut));
    rest.remove_prefix(cut);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
  return lines;
}

}  // namespace

Reply Reply::make(ReplyClass reply_class, int code, Detail status, std::string_view text) {
  Reply reply;
  reply.class_ = reply_class;
  reply.code_ = code_of_class(code, reply_class);
  reply.status_ = {static_cast<std::uint16_t>(status.subject % 1000),
                   static_cast<std::uint16_t>(status.detail % 1000)};  // RFC 3463 2: at most 3 digits
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\t' || c == '\r' || c == '\n')
      clean += ' ';
    else if (c >= 0x20 && c < 0x7f)
      clean += static_cast<char>(c);
    else if ((c & 0xc0) != 0x80)
      clean += '?';  // one '?' a UTF-8 character: Sendmail strips the eighth bit (PLATFORM 2)
  }
  reply.lines_ = wrap(std::string(trim(clean)));
  if (reply.lines_.empty())
    reply.lines_.emplace_back(reply_class == ReplyClass::permfail ? "Refused by local policy" : "Try again later");
  return reply;
}

std::string Reply::code_text() const { return std::to_string(code_); }

std::string Reply::status_text() const {
  return fmt::format("{}.{}.{}", static_cast<int>(class_), status_.subject, status_.detail);
}

std::string Reply::text() const { return fmt::format("{}", fmt::join(lines_, " ")); }

Reply Reply::with_id(std::string_view id) const {
  Reply reply = *this;
  reply.lines_.back() += fmt::format(" ({})", id.substr(0, kIdRoom - 3));
  return reply;
}

}  // namespace postern
