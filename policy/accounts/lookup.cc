#include "policy/accounts/lookup.h"

namespace postern::accounts {

std::string_view Question::local() const {
  const std::size_t at = key.rfind('@');
  return std::string_view(key).substr(0, at);
}

std::string_view Question::domain() const {
  const std::size_t at = key.rfind('@');
  return at == std::string::npos ? std::string_view() : std::string_view(key).substr(at + 1);
}

}  // namespace postern::accounts
