#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/base/problem.h"
#include "policy/rules/list.h"

namespace postern::rules {

/// The entries of a list: domains, suffixes, addresses, networks and names, each with the moment it ends. Filled once,
/// then only read.
class ListEntries {
 public:
  /// Takes one entry, `until DATE` behind it included; nothing when it is fine, else what is wrong with it.
  std::optional<std::string> add(std::string_view text);
  bool contains(const Value& value, std::int64_t unix_time) const;
  std::size_t size() const { return size_; }

 private:
  using Ends = std::unordered_map<std::string, std::int64_t>;  ///< entry, first second at which it is out

  bool contains_name(const std::string& folded, std::int64_t unix_time) const;
  bool contains_address(const std::string& local, const std::string& domain, std::int64_t unix_time) const;
  bool contains_ip(const IpAddress& ip, std::int64_t unix_time) const;

  Ends exact_;                                     ///< domains and names, folded
  Ends suffixes_;                                  ///< without the dot
  Ends addresses_;                                 ///< local@domain, folded
  std::map<std::pair<bool, int>, Ends> networks_;  ///< by (is_v4, prefix): address bytes
  std::size_t size_ = 0;
};

/// `2026-12-31`: the first second (UTC) of the day after it, which is when something `until` that day is off. Nothing
/// for another form.
std::optional<std::int64_t> parse_until(std::string_view text);

/// The entries of `[a, b]` in an expression.
std::shared_ptr<const List> make_list(ListEntries entries);

}  // namespace postern::rules
