#include "policy/auth/dkim/signed_names.h"

#include <algorithm>

#include "policy/base/text.h"

namespace postern::dkim {

namespace {

constexpr std::size_t kMostOfOneName = 10;  // local: keeps h= below the 100 names that verifiers take (FAULTS T31) …
constexpr std::size_t kMostNames = 90;      // … whatever the message has

constexpr std::string_view kBlanks = " \t\r\n";

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What Sendmail never puts into quotes: letters of an atom, but for those of its MustQuoteChars; and all beyond ASCII.
bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x80 ||
         (c > ' ' && c != 0x7f && std::string_view("()<>[]:;@\\,.\"'").find(c) == std::string_view::npos);
}

// The length of the quoted string at the start of `text`; 0 where there is none, or no end.
std::size_t quoted(std::string_view text) {
  if (text.empty() || text[0] != '"') return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return 0;
}

// LOCAL-PART@DOMAIN, with a dot in the domain: Sendmail has a host name of its own for localhost.
bool is_plain_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || text.find('.', at) == std::string_view::npos || text.back() == '.')
    return false;
  const auto is_plain_part = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return is_plain(c) || c == '.' || c == '\''; });
  };
  return is_plain_part(text.substr(0, at)) && is_plain_part(text.substr(at + 1));
}

// One element of a list, without the blanks around it: ADDRESS, <ADDRESS>, WORDS <ADDRESS> or "WORDS" <ADDRESS>.
bool is_plain_mailbox(std::string_view text) {
  if (text.empty() || text.back() != '>') return is_plain_address(text);
  const std::size_t open = text.rfind('<');
  if (open == std::string_view::npos) return false;
  const std::string_view address = text.substr(open + 1, text.size() - open - 2);
  const std::string_view name = trim(text.substr(0, open));
  const bool words = std::all_of(name.begin(), name.end(),
                                 [](char c) { return is_plain(c) || kBlanks.find(c) != std::string_view::npos; });
  return is_plain_address(address) && (words || quoted(name) == name.size());
}

}  // namespace

bool keeps_its_form(std::string_view addresses) {
  const std::string_view text = trim(addresses);
  if (text.empty() || text == "undisclosed-recipients:;") return true;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      const std::size_t length = quoted(text.substr(i));
      if (length == 0) return false;
      i += length - 1;
    }
    if (text[i] != ',') continue;
    if (i + 1 == text.size() || kBlanks.find(text[i + 1]) == std::string_view::npos) return false;
    if (i == 0 || kBlanks.find(text[i - 1]) != std::string_view::npos) return false;
    if (!is_plain_mailbox(trim(text.substr(from, i - from)))) return false;
    from = i + 1;
  }
  return is_plain_mailbox(trim(text.substr(from)));
}

std::vector<std::string> signed_names(const SigningForm& form, std::span<const HeaderField> header) {
  const auto times = [&](const std::string& name) {
    return static_cast<std::size_t>(
        std::count_if(header.begin(), header.end(), [&](const HeaderField& f) { return f.is(name); }));
  };
  const auto left_out = [&](const std::string& name) {
    if (has(form.completed, name)) return times(name) == 0;  // RFC 6409 8.1
    return has(form.addresses, name) && std::any_of(header.begin(), header.end(), [&](const HeaderField& f) {
             return f.is(name) && !keeps_its_form(f.value);
           });
  };
  std::vector<std::string> names;
  for (const std::string& name : form.fields) {
    if (!left_out(name)) names.insert(names.end(), std::min(times(name), kMostOfOneName), name);
  }
  names.resize(std::min(names.size(), kMostNames - form.oversigned.size()));
  for (const std::string& name : form.oversigned) {
    if (!left_out(name)) names.push_back(name);
  }
  return names;
}

}  // namespace postern::dkim
