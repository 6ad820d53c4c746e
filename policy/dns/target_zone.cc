#include "policy/dns/target_zone.h"

#include <cstddef>
#include <vector>

namespace postern::dns {

namespace {

// How many labels from the right.
std::size_t depth(const std::vector<std::string_view>& labels) {
  const std::size_t count = labels.size();
  if (count < 3) return count;
  const std::string_view top = labels[count - 1];
  const std::string_view second = labels[count - 2];
  if (top == "arpa" && second == "in-addr") return 4;
  if (top == "arpa" && second == "ip6") return 10;
  constexpr std::size_t kShort = 3;  // local: co, com, net, org, gov, ac …; a list of all would age
  return top.size() == 2 && second.size() <= kShort ? 3 : 2;
}

}  // namespace

std::string_view target_zone(const Domain& name) {
  const auto labels = name.labels();
  const std::size_t take = depth(labels);
  if (labels.size() <= take) return name.text();
  const std::string_view first = labels[labels.size() - take];
  return std::string_view(name.text()).substr(static_cast<std::size_t>(first.data() - name.text().data()));
}

}  // namespace postern::dns
