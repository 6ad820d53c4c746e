#include "policy/store/counting.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <utility>

namespace postern::store {

bool fits(std::string_view key, std::string_view value) {
  return key.size() <= kMostKeyBytes && value.size() <= kMostValueBytes;
}

std::int64_t sum_of(std::string_view text, std::int64_t n) {
  std::int64_t before = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), before);
  if (error != std::errc{} || end != text.data() + text.size()) before = 0;
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(before, n, &sum)) return sum;
  return n > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

std::vector<Store::Listed> merged(std::vector<Store::Listed> first, std::vector<Store::Listed> second,
                                  std::size_t most) {
  std::vector<Store::Listed> all;
  const auto by_key = [](const Store::Listed& a, const Store::Listed& b) { return a.key < b.key; };
  std::set_union(std::make_move_iterator(first.begin()), std::make_move_iterator(first.end()),
                 std::make_move_iterator(second.begin()), std::make_move_iterator(second.end()),
                 std::back_inserter(all), by_key);
  if (all.size() > most) all.resize(most);
  return all;
}

}  // namespace postern::store
