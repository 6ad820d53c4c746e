#include "tests/bench/behaviour/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace postern::bench {

Report report(const Results& results) {
  Report out;
  NormalRow days{.name = "all but the first mailing"};
  for (int k = 0; k < kKinds; ++k) {
    const NormalResult& r = results.normal[static_cast<std::size_t>(k)];
    NormalRow row{.name = std::string(name(static_cast<Kind>(k))),
                  .within_goal = static_cast<Kind>(k) != Kind::first_mailing,
                  .days = r.days,
                  .unusual = r.unusual,
                  .disturbed = r.disturbed};
    if (row.within_goal) {
      days.days += row.days;
      days.unusual += row.unusual;
      days.disturbed += row.disturbed;
    }
    out.normal.push_back(std::move(row));
  }
  out.normal.push_back(std::move(days));

  AttackRow runs{.name = "all but the owner's contacts", .served = {}};
  for (int a = 0; a < kAttacks; ++a) {
    AttackRow row{.name = std::string(name(static_cast<Attack>(a))),
                  .within_goal = static_cast<Attack>(a) != Attack::own_contacts,
                  .served = {}};
    for (const AttackResult& r : results.attacks[static_cast<std::size_t>(a)]) {
      row.served.push_back(r.served);
      row.caught += r.caught && r.served < kServedGoal ? 1 : 0;
      row.never += r.caught ? 0 : 1;
    }
    if (row.within_goal) {
      runs.caught += row.caught;
      runs.never += row.never;
      runs.served.insert(runs.served.end(), row.served.begin(), row.served.end());
    }
    std::sort(row.served.begin(), row.served.end());
    out.attacks.push_back(std::move(row));
  }
  std::sort(runs.served.begin(), runs.served.end());
  out.attacks.push_back(std::move(runs));
  return out;
}

bool Report::met() const {
  return attacks.back().caught_percent() >= kCaughtGoal &&
         normal.back().percent(normal.back().disturbed) <= kDisturbedGoal;
}

std::string text(const Report& report) {
  std::string out = fmt::format("{:30}{:>8}{:>10}{:>8}{:>8}{:>8}{:>8}\n", "Stolen accounts", "runs",
                                fmt::format("before {}", kServedGoal), "median", "90 %", "most", "never");
  for (const AttackRow& r : report.attacks) {
    out += fmt::format("{:30}{:>8}{:>8.1f} %{:>8}{:>8}{:>8}{:>8}\n", r.name, r.served.size(), r.caught_percent(),
                       r.at(50), r.at(90), r.at(100), r.never);
  }
  out += fmt::format("\n{:30}{:>8}{:>10}{:>12}{:>12}\n", "Normal accounts", "days", "unusual", "suspicious", "");
  for (const NormalRow& r : report.normal) {
    out += fmt::format("{:30}{:>8}{:>8.2f} %{:>12}{:>10.3f} %\n", r.name, r.days, r.percent(r.unusual), r.disturbed,
                       r.percent(r.disturbed));
  }
  return out;
}

std::string markdown(const Report& report) {
  std::string out = fmt::format(
      "| Stolen account | Runs | Suspicious before {} | Served: median | 90 % | Most | Never suspicious |\n"
      "|---|---:|---:|---:|---:|---:|---:|\n",
      kServedGoal);
  for (const AttackRow& r : report.attacks) {
    const std::string_view strong = &r == &report.attacks.back() ? "**" : "";
    out += fmt::format("| {}{}{} | {} | {}{:.1f} %{} | {} | {} | {} | {} |\n", strong, r.name, strong, r.served.size(),
                       strong, r.caught_percent(), strong, r.at(50), r.at(90), r.at(100), r.never);
  }
  out += "\n| Normal account | Days | Unusual | Suspicious | |\n|---|---:|---:|---:|---:|\n";
  for (const NormalRow& r : report.normal) {
    const std::string_view strong = &r == &report.normal.back() ? "**" : "";
    out += fmt::format("| {}{}{} | {} | {:.2f} % | {} | {}{:.3f} %{} |\n", strong, r.name, strong, r.days,
                       r.percent(r.unusual), r.disturbed, strong, r.percent(r.disturbed), strong);
  }
  return out;
}

namespace {

void tell(std::string& out, std::string_view of, const std::map<std::string, int>& signs) {
  constexpr std::size_t kMost = 5;
  std::vector<std::pair<int, std::string>> order;
  for (const auto& [sign, n] : signs) order.emplace_back(n, sign);
  std::sort(order.rbegin(), order.rend());
  for (std::size_t i = 0; i < std::min(order.size(), kMost); ++i)
    out += fmt::format("{:30}{:>6}  {}\n", i == 0 ? of : "", order[i].first, order[i].second);
}

}  // namespace

std::string reasons(const Results& results) {
  std::string out;
  for (int a = 0; a < kAttacks; ++a) {
    std::map<std::string, int> signs;
    for (const AttackResult& r : results.attacks[static_cast<std::size_t>(a)]) {
      for (const auto& [sign, n] : r.signs) signs[sign] += n;
    }
    tell(out, name(static_cast<Attack>(a)), signs);
  }
  for (int k = 0; k < kKinds; ++k)
    tell(out, name(static_cast<Kind>(k)), results.normal[static_cast<std::size_t>(k)].signs);
  return out;
}

}  // namespace postern::bench
