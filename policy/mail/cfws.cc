#include "policy/mail/cfws.h"

namespace postern {

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

}  // namespace postern
