#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/store/store.h"

namespace postern::store {

/// May such an entry be taken (kMostKeyBytes, kMostValueBytes)?
bool fits(std::string_view key, std::string_view value);
/// The sum of a counter that reads `text`, and `n`: what is no number counts as 0, and nothing goes over the ends.
std::int64_t sum_of(std::string_view text, std::int64_t n);
/// At most `most` of both, which are in the order of their keys, in that order; `first` wins where both have a key.
std::vector<Store::Listed> merged(std::vector<Store::Listed> first, std::vector<Store::Listed> second,
                                  std::size_t most);

}  // namespace postern::store
