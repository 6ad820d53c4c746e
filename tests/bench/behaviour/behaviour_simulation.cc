#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "tests/bench/behaviour/simulation.h"

using namespace postern;
using namespace postern::bench;

int main(int argc, char** argv) {
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 1;
  Size size;
  if (argc > 2) size.accounts = std::atoi(argv[2]);
  if (argc > 3) size.runs = std::atoi(argv[3]);
  const bool places = argc <= 4 || std::string(argv[4]) != "no";
  const Results r = simulate({}, size, seed, places);
  for (int k = 0; k < kKinds; ++k) {
    const NormalResult& n = r.normal[static_cast<std::size_t>(k)];
    fmt::print("{:28} days {:6} unusual {:5} ({:.2f}%) disturbed {:4} ({:.3f}%)\n", name(static_cast<Kind>(k)), n.days,
               n.unusual, 100.0 * n.unusual / n.days, n.disturbed, 100.0 * n.disturbed / n.days);
    for (const auto& [s, c] : n.signs) fmt::print("      {} {}\n", c, s);
  }
  for (int a = 0; a < kAttacks; ++a) {
    std::vector<AttackResult> v = r.attacks[static_cast<std::size_t>(a)];
    std::sort(v.begin(), v.end(), [](auto& x, auto& y) { return x.served < y.served; });
    const auto early = std::count_if(v.begin(), v.end(), [](auto& x) { return x.caught && x.served < 50; });
    std::map<std::string, int> signs;
    for (auto& x : v)
      for (auto& [s, c] : x.signs) signs[s] += c;
    fmt::print("{:28} runs {:5} early {:.1f}% p50 {} p90 {} max {} missed {}\n", name(static_cast<Attack>(a)), v.size(),
               100.0 * early / v.size(), v[v.size() / 2].served, v[v.size() * 9 / 10].served, v.back().served,
               std::count_if(v.begin(), v.end(), [](auto& x) { return !x.caught; }));
    std::vector<std::pair<int, std::string>> top;
    for (auto& [s, c] : signs) top.emplace_back(c, s);
    std::sort(top.rbegin(), top.rend());
    for (std::size_t i = 0; i < top.size() && i < 4; ++i) fmt::print("      {} {}\n", top[i].first, top[i].second);
  }
  fmt::print("judged {} at {:.0f} ns\n", r.judged, r.judge_ns);
}
