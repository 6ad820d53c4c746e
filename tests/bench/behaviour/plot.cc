#include <fmt/format.h>

#include <algorithm>

#include "tests/bench/behaviour/png.h"
#include "tests/bench/behaviour/report.h"

namespace postern::bench {

namespace {

constexpr int kWidth = 1180, kLeft = 390, kRight = kWidth - 40, kRow = 26, kTop = 70;
constexpr double kMostServed = 100;     // further ones are drawn at the edge
constexpr double kMostDisturbed = 0.5;  // percent; likewise

int across(double part) { return kLeft + static_cast<int>(std::clamp(part, 0.0, 1.0) * (kRight - kLeft)); }

void scale(Picture& picture, int top, int bottom, double most, double step, double goal, int digits) {
  for (double at = 0; at <= most + step / 2; at += step) {
    const int x = across(at / most);
    picture.fill(x, top, 1, bottom - top, Colour::grey);
    const std::string number = fmt::format("{:.{}f}", at, digits);
    picture.write(x - Picture::kLetterWidth * static_cast<int>(number.size()) / 2, bottom + 8, number, Colour::grey);
  }
  picture.fill(across(goal / most) - 1, top, 3, bottom - top, Colour::red);
}

/// From the 1st to the 99th of a hundred as a line, from the 10th to the 90th as a bar, the median in it.
void attacks(Picture& picture, const std::vector<AttackRow>& rows, int top) {
  picture.write(20, top - 50, "Recipients served to the thief before the account is suspicious");
  const int bottom = top + kRow * static_cast<int>(rows.size());
  scale(picture, top, bottom, kMostServed, 10, kServedGoal, 0);
  const auto x = [](int served) { return across(served / kMostServed); };
  int y = top;
  for (const AttackRow& row : rows) {
    picture.write_before(kLeft - 14, y + 6, row.name, row.within_goal ? Colour::ink : Colour::grey);
    picture.fill(x(row.at(1)), y + 12, x(row.at(99)) - x(row.at(1)) + 1, 2, Colour::blue);
    picture.fill(x(row.at(10)), y + 5, std::max(3, x(row.at(90)) - x(row.at(10))), 16, Colour::pale);
    picture.fill(x(row.at(50)) - 1, y + 3, 3, 20, Colour::blue);
    y += kRow;
  }
}

void days(Picture& picture, const std::vector<NormalRow>& rows, int top) {
  picture.write(20, top - 50, "Percent of normal account-days that are suspicious");
  const int bottom = top + kRow * static_cast<int>(rows.size());
  scale(picture, top, bottom, kMostDisturbed, 0.1, kDisturbedGoal, 1);
  int y = top;
  for (const NormalRow& row : rows) {
    const double percent = row.percent(row.disturbed);
    picture.write_before(kLeft - 14, y + 6, row.name, row.within_goal ? Colour::ink : Colour::grey);
    picture.fill(kLeft, y + 5, across(percent / kMostDisturbed) - kLeft, 16,
                 row.within_goal ? Colour::blue : Colour::pale);
    picture.write(std::min(across(percent / kMostDisturbed) + 8, kRight - 100), y + 6, fmt::format("{:.3f}", percent));
    y += kRow;
  }
}

}  // namespace

std::string plot(const Report& report) {
  const int second = kTop + kRow * static_cast<int>(report.attacks.size()) + 110;
  Picture picture(kWidth, second + kRow * static_cast<int>(report.normal.size()) + 40);
  attacks(picture, report.attacks, kTop);
  days(picture, report.normal, second);
  return picture.png();
}

}  // namespace postern::bench
