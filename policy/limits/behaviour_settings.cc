#include "policy/limits/behaviour_settings.h"

#include <fmt/format.h>

#include <string>

namespace postern::limits {

namespace {

constexpr std::int64_t kMost = 1'000'000;

void read(Settings& s, SignSettings& sign) {
  const std::string name(sign.name);
  sign.unusual =
      s.number(name + "-unusual", sign.unusual, 1, kMost, fmt::format("{}: unusual from here on", sign.what));
  sign.suspicious = s.number(name + "-suspicious", sign.suspicious, 1, kMost,
                             "from here on the sign is worth twice its weight; not below the one before");
  if (sign.suspicious < sign.unusual) sign.suspicious = sign.unusual;
  sign.weight =
      s.number(name + "-weight", sign.weight, 0, 100, "what the sign is worth where it is unusual; 0: it is off");
  if (sign.past == 0) return;
  sign.past = s.number(
      name + "-past", sign.past, 0, 1000,
      "never suspicious below so many times the account's own average of 30 days; 0: the past does not matter");
}

}  // namespace

BehaviourSettings read_behaviour_settings(Settings& s) {
  using std::chrono::hours;
  BehaviourSettings out;
  out.learn = std::chrono::duration_cast<hours>(s.duration("learn", out.learn, hours(2 * 24), hours(20 * 24),
                                                           "an account that sent nothing longer ago than this is new"));
  out.newcomer = s.number("newcomer", out.newcomer, 100, 1000,
                          "for who is new, the thresholds of first-time-day and alike-texts are so many percent");
  out.alike_from = s.number("alike-from", out.alike_from, 1, 50,
                            "how many strangers may have a text before it counts as one that is spread");
  out.score = s.number("score", out.score, 1, 1000, "what all signs must be worth together to be suspicious");
  for (SignSettings& sign : out.signs) read(s, sign);
  return out;
}

}  // namespace postern::limits
