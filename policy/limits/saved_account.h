#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/limits/account.h"
#include "policy/limits/moment.h"

/// How an account stands in the store: what was committed, nothing that is merely reserved. The key is a byte by which all
/// are told into 256 portions, the limit, NUL and the key of the account; before that of a coarser one stands another NUL.
namespace postern::limits::saved {

std::string key_of(std::string_view limit, std::string_view key, bool coarse);
struct Name {
  std::string_view limit, key;
  bool coarse = false;
};
/// Nothing where it is no such key. Views of `key`.
std::optional<Name> name_of(std::string_view key);

/// The moment at which something is saved or read: the steady clock of one start of the machine, and what people call it.
struct Time {
  std::uint64_t boot = 0;
  Moment steady = 0;
  std::int64_t wall = 0;  ///< ms since 1970
};

/// Appends the account, which is expired for `time`. Where it has more values than fit into `most_bytes`, the oldest are
/// left out: those of distinct_recipients stay counted.
void write(const Account& account, std::string_view key, const Time& time, std::size_t most_bytes, std::string& out);

/// What stands in a value, in moments of the one who reads.
struct Saved {
  Unit unit = Unit::messages;
  std::uint32_t refused = 0;
  struct OfWindow {
    Allowance allow;
    std::int64_t backlog = 0;                                  ///< ms
    std::vector<std::pair<std::int64_t, std::int64_t>> slots;  ///< number and count
  };
  std::vector<OfWindow> windows;
  std::vector<std::pair<std::uint64_t, Moment>> values;
};
/// Reads it. In the same start of the machine its steady clock tells how old it is, whatever the other was set to; else the
/// wall clock, and then nothing is from the future. What was in a slot is in one that leaves no earlier. Nothing where the
/// value is not what write() wrote under that key.
std::optional<Saved> read(std::string_view key, std::string_view value, const Time& now);

/// Puts it into an account that was just made for it, and has its windows.
void put_into(Account& account, const Saved& saved, Moment now, Budget& budget);

}  // namespace postern::limits::saved
