#include "policy/accounts/callout/invented.h"

#include <random>
#include <string_view>

namespace postern::callout {

namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t kLength = 26;

}  // namespace

std::string invented_local_part() {
  std::random_device random;  // the kernel's
  std::string local;
  for (std::size_t i = 0; i < kLength; ++i) local += kLetters[random() % kLetters.size()];
  return local;
}

}  // namespace postern::callout
