#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "policy/auth/spf/spf.h"
#include "policy/base/text.h"

namespace postern::spf {

namespace {

constexpr std::size_t kMostValueBytes = 300;  // local: a line of the field stays within 998 (RFC 5322 2.1.1)
constexpr std::size_t kColumns = 78;          // RFC 5322 2.1.1

// ASCII without control bytes; the others as `\xNN` or `\u{NNNN}`.
std::string ascii(std::string_view text) {
  std::string out;
  for (const char c : printable(text, kMostValueBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x80 ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return out.substr(0, kMostValueBytes);
}

bool is_dot_atom(std::string_view text) {  // RFC 5322 3.2.3
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  });
}

std::string quoted(std::string_view text, std::string_view specials) {
  std::string out;
  for (const char c : text) {
    if (specials.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string pair(std::string_view key, std::string_view value) {
  const std::string text = ascii(value);
  return is_dot_atom(text) ? fmt::format("{}={}", key, text) : fmt::format("{}=\"{}\"", key, quoted(text, "\"\\"));
}

bool is_error(Status status) { return status == Status::temperror || status == Status::permerror; }

}  // namespace

std::string received_spf(const Result& result, const Query& query) {
  const std::string receiver = query.receiver.empty() ? "unknown" : query.receiver;
  std::vector<std::string> pairs{
      pair("client-ip", query.client.text()), pair("envelope-from", query.mail_from.empty() ? "<>" : query.mail_from),
      pair("helo", query.helo), pair("receiver", receiver), pair("identity", name(result.identity))};
  pairs.push_back(is_error(result.status) ? pair("problem", result.reason) : pair("mechanism", result.mechanism));
  std::string field = fmt::format("{} ({})", name(result.status),
                                  quoted(ascii(fmt::format("{}: {}", receiver, result.reason)), "()\\"));
  std::size_t column = std::string_view("Received-SPF: ").size() + field.size();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i + 1 < pairs.size()) pairs[i] += ';';
    const bool fold = column + 1 + pairs[i].size() > kColumns;
    field += (fold ? "\n\t" : " ") + pairs[i];
    column = (fold ? 8 : column + 1) + pairs[i].size();
  }
  return field;
}

}  // namespace postern::spf
