// Random operations against an exact log of all that happened.

#include <algorithm>
#include <deque>
#include <map>
#include <random>

#include "tests/limits/limits_world.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// What was committed when, and what is open.
class ExactLog {
 public:
  void commit(milliseconds at, std::int64_t n) { done_.emplace_back(at, n); }
  void open(std::int64_t n) { open_ += n; }
  void close(std::int64_t n) { open_ -= n; }
  /// In the window that ends now, its beginning included.
  std::int64_t used(milliseconds now, milliseconds window) const {
    std::int64_t sum = open_;
    for (auto at = done_.rbegin(); at != done_.rend() && at->first >= now - window; ++at) sum += at->second;
    return sum;
  }
  /// The most that was ever committed within a window.
  std::int64_t most_within(milliseconds window) const {
    std::int64_t sum = 0, most = 0;
    std::size_t first = 0;
    for (std::size_t last = 0; last < done_.size(); ++last) {
      sum += done_[last].second;
      for (; done_[last].first - done_[first].first > window; ++first) sum -= done_[first].second;
      most = std::max(most, sum);
    }
    return most;
  }

 private:
  std::deque<std::pair<milliseconds, std::int64_t>> done_;
  std::int64_t open_ = 0;
};

milliseconds now(const LimitsWorld& w) {
  return std::chrono::duration_cast<milliseconds>(w.clock.now().time_since_epoch());
}

struct Case {
  std::vector<Allowance> allow;
  milliseconds longest_pause;
  std::int64_t largest;
  std::size_t most_open;  ///< none where a pause may be longer than a reservation lasts
};

TEST(Oracle, IsNeverExceededAndNeverFarFromReached) {
  const std::vector<Case> cases{
      {{{.most = 20, .window = 1s}}, 100ms, 3, 3},
      {{{.most = 30, .window = 1min}, {.most = 200, .window = 1h}}, 9s, 4, 3},
      {{{.most = 50'000'000, .window = 24h}, {.most = 100'000'000, .window = 24h * 31}}, 4h, 9'000'000, 0},
  };
  std::mt19937 dice(11);
  for (const Case& c : cases) {
    LimitsWorld w(c.allow);
    ExactLog log;
    int taken = 0, over = 0;
    for (int i = 0; i < 30'000; ++i) {
      w.clock.advance(milliseconds(dice() % static_cast<unsigned>(c.longest_pause.count())));
      const std::int64_t n = 1 + dice() % c.largest;
      bool fits = true, would_fit_a_slot_ago = true;
      for (const Allowance& a : c.allow) {
        fits = fits && log.used(now(w), a.window - 1ms) + n <= a.most;
        would_fit_a_slot_ago = would_fit_a_slot_ago && log.used(now(w), a.window + slot_of(a.window)) + n <= a.most;
      }
      const Answer answer = w.reserve("a", n);
      if (answer.kind == Answer::Kind::over) {
        ASSERT_FALSE(would_fit_a_slot_ago) << "not admitted in time";
        ++over;
      } else {
        ASSERT_TRUE(fits) << "admitted too much";
        log.open(n);
        ++taken;
      }
      while (!w.holds.empty() && (w.holds.size() > c.most_open || dice() % 3 == 0)) {
        std::swap(w.holds[dice() % w.holds.size()], w.holds.back());
        const std::int64_t held = w.holds.back().amount;
        log.close(held);
        if (dice() % 2 == 0) {
          w.release();
        } else {
          w.commit();
          log.commit(now(w), held);
        }
      }
    }
    for (const Allowance& a : c.allow) EXPECT_LE(log.most_within(a.window), a.most);
    EXPECT_GT(taken, 1000);
    EXPECT_GT(over, 1000);
  }
}

TEST(Oracle, TellsTheMomentFromWhichOnItFits) {
  std::mt19937 dice(12);
  LimitsWorld w({{.most = 30, .window = 1min, .burst = 10}, {.most = 100, .window = 1h}});
  int checked = 0;
  for (int i = 0; i < 5000; ++i) {
    w.clock.advance(milliseconds(dice() % 3000));
    const auto n = static_cast<std::int64_t>(1 + dice() % 5);
    const Answer answer = w.look("a", n);
    if (answer.kind != Answer::Kind::over) {
      w.send("a", n);
      continue;
    }
    w.clock.advance(answer.next - 1ms);
    ASSERT_EQ(w.look("a", n).kind, Answer::Kind::over);
    w.clock.advance(1ms);
    ASSERT_NE(w.look("a", n).kind, Answer::Kind::over);
    ++checked;
  }
  EXPECT_GT(checked, 500);
}

/// Distinct values: how many different ones were committed in the window, or are open.
TEST(Oracle, OfDistinctValuesIsNeverExceeded) {
  std::mt19937 dice(13);
  const Allowance allow{.most = 20, .window = 1min};
  LimitsWorld w({allow}, Unit::distinct_recipients);
  std::map<std::string, milliseconds> last;
  int over = 0;
  for (int i = 0; i < 30'000; ++i) {
    w.clock.advance(milliseconds(dice() % 2500));
    const std::string value = std::to_string(dice() % 40);
    const auto used = [&](milliseconds window) {
      std::map<std::string, int> in;
      for (const auto& [v, at] : last) {
        if (at >= now(w) - window) in[v] = 1;
      }
      for (const Hold& hold : w.holds) in[hold.value] = 1;
      in.erase(value);
      return static_cast<std::int64_t>(in.size());
    };
    const bool must = used(61s) < allow.most, may = used(allow.window - 1ms) < allow.most;
    const bool taken = w.reserve("a", 1, value).kind != Answer::Kind::over;
    ASSERT_TRUE(!taken || may) << i;
    ASSERT_TRUE(taken || !must) << i;
    over += taken ? 0 : 1;
    while (!w.holds.empty() && (w.holds.size() > 6 || dice() % 3 == 0)) {
      std::swap(w.holds[dice() % w.holds.size()], w.holds.back());
      if (dice() % 3 == 0) {
        w.release();
      } else {
        last[w.holds.back().value] = now(w);
        w.commit();
      }
    }
  }
  EXPECT_GT(over, 300);
  for (; !w.holds.empty(); w.release()) {
  }
  w.clock.advance(62s);
  EXPECT_EQ(w.used("a"), 0);
}

}  // namespace
}  // namespace postern::limits
