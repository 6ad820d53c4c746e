#include "policy/mail/facts.h"

#include "policy/base/text.h"

namespace postern {

bool HeaderField::is(std::string_view field_name) const { return ascii_iequals(trim(name), field_name); }

std::string HeaderField::unfolded() const {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c != '\r' && c != '\n') {
      out += c;
      continue;
    }
    while (i + 1 < value.size() && (value[i + 1] == '\r' || value[i + 1] == '\n')) ++i;
    const bool folded = i + 1 < value.size() && (value[i + 1] == ' ' || value[i + 1] == '\t');
    if (!folded) out += ' ';  // a line end that is no fold must not join two words
  }
  return std::string(trim(out));
}

}  // namespace postern
