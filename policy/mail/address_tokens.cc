#include "policy/mail/address_tokens.h"

#include <algorithm>
#include <utility>

#include "policy/mail/address_syntax.h"

namespace postern {

namespace {

using Kind = AddressToken::Kind;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_atom(char c) { return address_syntax::is_atext(c) || static_cast<unsigned char>(c) >= 0x80; }

// Where the bracketed text at the front of `text` ends; 0 where it is not closed. Comments nest (RFC 5322 3.2.2).
std::size_t bracketed(std::string_view text, char open, char close, bool nests) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == open && (nests || depth == 0)) {
      ++depth;
    } else if (text[i] == close && --depth == 0) {
      return i + 1;
    }
  }
  return 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view field) : rest_(field) {}

  AddressToken next() {
    AddressToken token;
    skip_blanks(token);
    if (token.kind == Kind::bad || rest_.empty()) return token;
    const char c = rest_.front();
    if (c == '"') {
      quoted(token);
    } else if (c == '[') {
      const std::size_t n = bracketed(rest_, '[', ']', false);
      take(token, n == 0 ? Kind::bad : Kind::literal, n == 0 ? rest_.size() : n);
      token.fault = n == 0 ? AddressFault::open_literal : AddressFault::none;
    } else if (std::string_view("<>@,;:.").find(c) != std::string_view::npos) {
      take(token, Kind::special, 1);
    } else if (is_atom(c)) {
      take(token, Kind::atom, std::find_if_not(rest_.begin(), rest_.end(), is_atom) - rest_.begin());
    } else {
      take(token, Kind::bad, 1);
      const bool printable = c > 0x20 && c < 0x7f;
      token.fault = printable ? AddressFault::bad_name : AddressFault::bad_byte;
    }
    return token;
  }

 private:
  template <class Size>
  void take(AddressToken& token, Kind kind, Size size) {
    token.kind = kind;
    token.raw = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(token.raw.size());
  }

  void skip_blanks(AddressToken& token) {
    while (!rest_.empty() && (is_blank(rest_.front()) || rest_.front() == '(')) {
      token.spaced = true;
      if (rest_.front() != '(') {
        rest_.remove_prefix(1);
        continue;
      }
      const std::size_t n = bracketed(rest_, '(', ')', true);
      if (n == 0) {
        take(token, Kind::bad, rest_.size());
        token.fault = AddressFault::open_comment;
        return;
      }
      token.comment = rest_.substr(0, n);
      rest_.remove_prefix(n);
      if (token.comment.find('\0') == std::string_view::npos) continue;
      token.kind = Kind::bad;
      token.raw = token.comment;
      token.fault = AddressFault::bad_byte;
      return;
    }
  }

  void quoted(AddressToken& token) {
    std::string_view behind = rest_;
    const bool closed = address_syntax::take_quoted_string(behind, token.text);
    const bool nul = token.text.find('\0') != std::string::npos;
    take(token, closed && !nul ? Kind::quoted : Kind::bad, rest_.size() - behind.size());
    if (nul) token.fault = AddressFault::bad_byte;  // FAULTS T25
    if (!closed) token.fault = AddressFault::open_quote;
  }

  std::string_view rest_;
};

}  // namespace

std::vector<AddressToken> address_tokens(std::string_view field) {
  std::vector<AddressToken> tokens;
  Lexer lexer(field);
  do {
    tokens.push_back(lexer.next());
  } while (tokens.back().kind != Kind::end);
  return tokens;
}

}  // namespace postern
