#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::test {

/// Makes a small database of countries and autonomous systems (MaxMind DB File Format 2.0): a tree of IPv6 addresses with
/// IPv4 below ::/96, records of 24 bits.
class MmdbWriter {
 public:
  MmdbWriter();

  /// `network` is CIDR, not inside of one that was added before. Without a country or a number, that is left out.
  void add(std::string_view network, std::string_view country, std::uint32_t asn = 0);
  /// The same with a data section's bytes of one's own; see map() and text().
  void add_raw(std::string_view network, std::string_view data);
  std::string bytes() const;

  static std::string text(std::string_view value);
  static std::string number(std::uint32_t value);
  static std::string map(const std::vector<std::pair<std::string, std::string>>& entries);

 private:
  struct Node {
    std::int64_t next[2] = {-1, -1};  ///< a node; under -1 data at -(n + 2); -1: nothing
  };
  std::vector<Node> nodes_;
  std::string data_;
};

}  // namespace postern::test
