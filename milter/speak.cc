#include "milter/speak.h"

#include <array>
#include <string>

namespace postern {

namespace {

// FAULTS M5: the MTAs take '%' for a format.
std::string doubled(const std::string& line) {
  std::string out;
  out.reserve(line.size());
  for (const char c : line) {
    out += c;
    if (c == '%') out += c;
  }
  return out;
}

}  // namespace

sfsistat speak(SMFICTX* context, const Reply& reply, bool escapes) {
  const sfsistat verdict = reply.reply_class() == ReplyClass::permfail ? SMFIS_REJECT : SMFIS_TEMPFAIL;
  std::array<std::string, 10> lines;  // Reply has at most 10
  std::array<char*, 10> l{};
  for (std::size_t i = 0; i < lines.size() && i < reply.lines().size(); ++i) {
    lines[i] = escapes ? doubled(reply.lines()[i]) : reply.lines()[i];
    l[i] = lines[i].data();
  }
  std::string code = reply.code_text();
  std::string status = reply.status_text();
  char* const end = nullptr;
  if (smfi_setmlreply(context, code.c_str(), status.c_str(), l[0], l[1], l[2], l[3], l[4], l[5], l[6], l[7], l[8], l[9],
                      end) == MI_SUCCESS) {
    return verdict;
  }
  std::string fallback = verdict == SMFIS_REJECT ? "Refused by local policy" : "Try again later";
  smfi_setreply(context, code.data(), status.data(), fallback.data());
  return verdict;
}

}  // namespace postern
