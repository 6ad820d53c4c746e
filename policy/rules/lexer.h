#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postern::rules {

/// One piece of an expression. `offset` and `size` are bytes of the expression's text.
struct Token {
  enum class Kind {
    word,   ///< a name, number, address or network: letters, digits, - _ . @ / : + *, and all that is not ASCII
    text,   ///< in quotes; `text` is without them
    sign,   ///< ( ) [ ] , == != < <= > >=
    wrong,  ///< anything else; `text` says what is wrong with it
    end,
  };
  Kind kind = Kind::end;
  std::string text;
  std::size_t offset = 0;
  std::size_t size = 0;

  bool is_word(std::string_view word) const { return kind == Kind::word && text == word; }
  bool is_sign(std::string_view sign) const { return kind == Kind::sign && text == sign; }
};

/// Cuts an expression into tokens; the last one is always Kind::end. Never fails: what is no token is Kind::wrong.
std::vector<Token> tokenize(std::string_view text);

}  // namespace postern::rules
