#include "policy/rules/lexer.h"

#include <fmt/format.h>

#include <array>

#include "policy/base/text.h"

namespace postern::rules {

namespace {

bool is_word_char(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.@/:+*").find(c) != std::string_view::npos;
}

constexpr std::array<std::string_view, 11> kSigns{"==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","};

std::string foreign_sign(std::string_view rest) {
  if (rest.starts_with("&&") || rest.front() == '&') return "\"&\" is no operator here; write and";
  if (rest.front() == '|') return "\"|\" is no operator here; write or";
  if (rest.front() == '!') return "\"!\" is no operator here; write not";
  if (rest.front() == '=') return "\"=\" is no operator here; write ==";
  if (rest.front() == '{' || rest.front() == '}') return "a condition names facts without { }";
  return fmt::format("\"{}\" means nothing here", printable(rest.substr(0, 1)));
}

}  // namespace

std::vector<Token> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  const auto add = [&](Token::Kind kind, std::string value, std::size_t size) {
    tokens.push_back({kind, std::move(value), at, size});
    at += size;
  };
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const char c = rest.front();
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at;
      continue;
    }
    if (c == '"' || c == '\'') {
      const std::size_t close = rest.find(c, 1);
      if (close == std::string_view::npos)
        add(Token::Kind::wrong, fmt::format("this text has no closing {}", c), rest.size());
      else
        add(Token::Kind::text, std::string(rest.substr(1, close - 1)), close + 1);
      continue;
    }
    if (is_word_char(c)) {
      std::size_t n = 1;
      while (n < rest.size() && is_word_char(rest[n])) ++n;
      add(Token::Kind::word, std::string(rest.substr(0, n)), n);
      continue;
    }
    bool found = false;
    for (const std::string_view sign : kSigns) {
      if (!rest.starts_with(sign)) continue;
      add(Token::Kind::sign, std::string(sign), sign.size());
      found = true;
      break;
    }
    if (!found) add(Token::Kind::wrong, foreign_sign(rest), 1);
  }
  tokens.push_back({Token::Kind::end, {}, text.size(), 0});
  return tokens;
}

}  // namespace postern::rules
