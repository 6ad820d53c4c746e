#include "policy/auth/dkim/canonical.h"

#include <algorithm>

#include "policy/base/text.h"

namespace postern::dkim {

namespace {

bool is_wsp(char c) { return c == ' ' || c == '\t'; }

/// The name without the blanks before the colon, which RFC 5322 4.5.8 lets stand there.
std::string_view bare(std::string_view name) {
  while (!name.empty() && is_wsp(name.back())) name.remove_suffix(1);
  return name;
}

/// The MTA shows a fold as "\n" and a blank; what was signed had CRLF.
void append_simple(std::string& out, std::string_view value) {
  while (!value.empty()) {
    const std::size_t end = value.find('\n');
    const std::string_view line = value.substr(0, end);
    out += line;
    if (end == std::string_view::npos) return;
    if (line.empty() || line.back() != '\r') out += '\r';
    out += '\n';
    value.remove_prefix(end + 1);
  }
}

/// RFC 6376 3.4.2, without the white space at the end. `begin`: where the value begins. The end of what was written.
char* write_relaxed(char* begin, char* out, std::string_view value) {
  const char* p = value.data();
  const char* const end = p + value.size();
  bool blank = false;
  for (; p < end; ++p) {
    const char c = *p;
    if (is_wsp(c)) {
      blank = true;
    } else if (c != '\n' && !(c == '\r' && p + 1 < end && p[1] == '\n')) {  // a CR alone is a character like others
      if (blank && out != begin) *out++ = ' ';
      blank = false;
      *out++ = c;
    }
  }
  return out;
}

char* write_name(char* out, std::string_view name) {
  for (const char c : name) *out++ = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  *out++ = ':';
  return out;
}

/// Appends name, colon and value; of the value `tail`, which is what follows the value of b=, stands apart.
void append(std::string& out, const HeaderField& field, Canonicalization form, std::string_view value,
            std::string_view tail) {
  if (form == Canonicalization::simple) {
    out += field.name;
    out += ':';
    append_simple(out, value);
    append_simple(out, tail);
    return;
  }
  const std::size_t before = out.size();
  out.resize(before + field.name.size() + 1 + value.size() + tail.size());
  char* const begin = write_name(out.data() + before, bare(field.name));
  char* const end = write_relaxed(begin, write_relaxed(begin, begin, value), tail);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

bool same_name(std::string_view a, std::string_view b) { return a.size() == b.size() && ascii_iequals(a, b); }

}  // namespace

std::vector<const HeaderField*> select_fields(std::span<const HeaderField> header,
                                              std::span<const std::string_view> names, const HeaderField* except) {
  std::vector<const HeaderField*> selected;
  std::vector<std::size_t> below(names.size(), header.size());  // per name: the fields under this one are taken
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t k = i; k-- > 0;) {
      if (!same_name(names[k], names[i])) continue;
      below[i] = below[k];
      break;
    }
    while (below[i] > 0) {
      const HeaderField& field = header[--below[i]];
      if (&field == except || !same_name(bare(field.name), names[i])) continue;
      selected.push_back(&field);
      break;
    }
  }
  return selected;
}

void append_field(std::string& out, const HeaderField& field, Canonicalization form) {
  append(out, field, form, field.value, {});
  out += "\r\n";
}

void append_signature_field(std::string& out, const HeaderField& field, Canonicalization form) {
  const std::string_view value = field.value;
  std::size_t at = 0;
  while (at < value.size()) {
    const std::size_t end = std::min(value.find(';', at), value.size());
    const std::size_t equals = value.find('=', at);
    if (equals < end && trim(value.substr(at, equals - at)) == "b")
      return append(out, field, form, value.substr(0, equals + 1), value.substr(end));
    at = end + 1;
  }
  append(out, field, form, value, {});
}

}  // namespace postern::dkim
