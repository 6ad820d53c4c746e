#include "policy/accounts/guard/guard_options.h"

namespace postern::accounts {

GuardOptions read_guard_options(Settings& settings) {
  using namespace std::chrono_literals;
  const auto seconds = [](std::chrono::milliseconds time) { return std::chrono::ceil<std::chrono::seconds>(time); };
  GuardOptions out;
  out.connections =
      static_cast<std::size_t>(settings.number("connections", static_cast<std::int64_t>(out.connections), 1,
                                               static_cast<std::int64_t>(kMostConnections), "at once, made at need"));
  out.timeout = settings.duration("timeout", out.timeout, 100ms, 60s, "longest wait for one question");
  out.found_age = seconds(settings.duration("remember", out.found_age, 0s, 24h, "what was found is asked for again"));
  out.absent_age = seconds(settings.duration("remember-absent", out.absent_age, 0s, kMostAbsentAge,
                                             "what was not; a new address works after it"));
  out.stale_age = seconds(settings.duration("stale", out.stale_age, 0s, 7 * 24h,
                                            "what was found serves so much longer when the back end does not answer"));
  return out;
}

}  // namespace postern::accounts
