#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/mail/authentication_results.h"
#include "policy/mail/facts.h"
#include "policy/mail/field_value.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr std::size_t kMaxLine = 998;        // RFC 5322 2.1.1
constexpr std::size_t kMaxTextBytes = 4000;  // field_value.h

std::string without(std::string_view text, std::string_view bytes) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [&](char c) { return bytes.find(c) == std::string_view::npos; });
  return out;
}

void check_unfolding(std::string_view value) {
  const HeaderField field{.name = "X-Note", .value = std::string(value)};
  const std::string once = field.unfolded();
  hold(once.find_first_of("\r\n") == std::string::npos, "unfolded is one line");
  hold(HeaderField{.name = "X-Note", .value = once}.unfolded() == once, "unfolding is stable");
  hold(without(once, " \t\r\n") == without(value, " \t\r\n"), "unfolding touches white space alone");
}

// A fold must not hide an authserv-id (RFC 8601 2.2). The tail ends what the input leaves open.
void check_authserv_id(std::string_view value) {
  const HeaderField field{.name = "Authentication-Results", .value = std::string(value) + ";x"};
  const std::string id = claimed_authserv_id(field.value);
  hold(id == ascii_lower(id), "an authserv-id is lower case");
  const auto core = [](std::string_view text) {
    std::string out = without(text, " \t\r\n");
    while (out.ends_with('.')) out.pop_back();
    return out;
  };
  hold(core(id) == core(claimed_authserv_id(field.unfolded())), "a fold changes no authserv-id");
}

// Nothing but printable ASCII and folds, and no line of blanks alone (RFC 5322 3.2.2): it is one field.
void check_one_field(std::string_view name, std::string_view value) {
  std::size_t used = name.size() + 2;
  for (const std::string_view line : split(value, '\n')) {
    const bool first = line.data() == value.data();
    hold(first || line.starts_with('\t'), "a line break is a fold");
    const std::string_view rest = first ? line : line.substr(1);
    hold(first || rest.find_first_not_of(' ') != std::string_view::npos, "no line of blanks alone");
    hold(std::all_of(rest.begin(), rest.end(), [](char c) { return c >= 0x20 && c < 0x7f; }), "printable ASCII");
    hold(used + line.size() <= kMaxLine, "no line over 998 bytes");
    used = 0;
  }
}

std::string from_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    const std::size_t digit = kAlphabet.find(c);
    hold(digit != std::string_view::npos, "base64");
    bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

// What encoded words in a row say (RFC 2047 6.2).
std::string decoded(std::string_view value) {
  constexpr std::string_view kBegin = "=?UTF-8?B?", kEnd = "?=";
  std::string out;
  std::string line = HeaderField{.name = "X-Note", .value = std::string(value)}.unfolded();
  std::replace(line.begin(), line.end(), '\t', ' ');
  for (const std::string_view word : split(line, ' ')) {
    hold(word.size() <= 75 && word.starts_with(kBegin) && word.ends_with(kEnd), "encoded words of at most 75 bytes");
    out += from_base64(word.substr(kBegin.size(), word.size() - kBegin.size() - kEnd.size()));
  }
  return out;
}

void check_field_value(std::string_view text) {
  const std::string value = field_value("X-Note", text);
  check_one_field("X-Note", value);
  hold(value.size() <= kMaxTextBytes, "at most 4000 bytes");
  std::string clean = replace_invalid_utf8(text.substr(0, kMaxTextBytes));
  std::replace_if(clean.begin(), clean.end(), fuzz::is_control, ' ');
  const bool encoded = value.starts_with("=?");
  hold(encoded || value.find("=?") == std::string::npos, "no encoded word of the author's");
  const std::string said = encoded ? decoded(value) : without(value, " \n\t");
  const std::string whole = encoded ? clean : without(clean, " ");
  const bool cut = value.size() + 600 > kMaxTextBytes;  // the last word did not fit
  hold(whole.starts_with(said) && (cut || said.size() == whole.size()), "the words are the text's");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_unfolding(text);
  check_authserv_id(text);
  check_field_value(text);
  return 0;
}
