#include "policy/mail/authentication_results.h"

#include <algorithm>

#include "policy/base/text.h"

namespace postern {

namespace {

bool is_token(std::string_view text) {  // RFC 2045 5.1
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
  });
}

std::string value_text(std::string_view text) {
  if (is_token(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text.substr(0, 300)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x80 ? c : '?';  // local: the message may be one that takes ASCII alone
  }
  return out + '"';
}

// Past white space and comments, which nest (RFC 5322 3.2.2).
std::size_t skip_cfws(std::string_view text, std::size_t i) {
  int depth = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(') {
      ++depth;
    } else if (depth > 0) {
      if (c == '\\')
        ++i;
      else if (c == ')')
        --depth;
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      return i;
    }
  }
  return text.size();
}

}  // namespace

std::string authentication_results(std::string_view authserv_id, const std::vector<AuthenticationResult>& results) {
  std::string field(authserv_id);
  if (results.empty()) return field + "; none";
  for (const AuthenticationResult& r : results) {
    field += ";\n\t" + r.method + '=' + r.result;
    if (!r.property.empty()) field += ' ' + r.property + '=' + value_text(r.value);
  }
  return field;
}

std::string claimed_authserv_id(std::string_view value) {
  std::size_t i = skip_cfws(value, 0);
  std::string id;
  if (i < value.size() && value[i] == '"') {
    for (++i; i < value.size() && value[i] != '"'; ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      id += value[i];
    }
  } else {
    while (i < value.size() && std::string_view(" \t\r\n;(").find(value[i]) == std::string_view::npos) id += value[i++];
  }
  while (!id.empty() && id.back() == '.') id.pop_back();
  return ascii_lower(id);
}

}  // namespace postern
