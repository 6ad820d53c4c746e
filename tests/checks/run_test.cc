#include "policy/checks/run.h"

#include <array>
#include <functional>
#include <stdexcept>

namespace postern {
namespace {

using std::chrono::seconds;

enum : std::size_t { kFine, kFailed };
constexpr std::array<Outcome, 2> kOutcomes{{{"fine", {}, ""}, {"failed", {451, {4, 3}, "Later"}, "", Failure::yes}}};
constexpr CheckType kType{.name = "probe", .outcomes = kOutcomes, .build = nullptr};

class Probe final : public Check {
 public:
  explicit Probe(std::function<Finding(const Context&)> what) : what_(std::move(what)) {}
  Finding run(const Context& context) const override { return what_(context); }

 private:
  std::function<Finding(const Context&)> what_;
};

class FakeClock final : public Clock {
 public:
  SteadyTime now() const override { return at; }
  WallTime wall() const override { return {}; }
  SteadyTime at{};
};

// Late until it is told otherwise, as a resolver whose caller had no time.
class SlowResolver final : public dns::Resolver {
 public:
  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question&, const Deadline& deadline) override {
    last_deadline = deadline.at();
    dns::Answer answer;
    answer.status = late ? dns::Status::tempfail : dns::Status::ok;
    answer.late = late;
    return std::make_shared<const dns::Answer>(std::move(answer));
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }
  bool late = true;
  SteadyTime last_deadline{};
};

class RunCheck : public testing::Test {
 protected:
  std::optional<Finding> run(std::function<Finding(const Context&)> what, seconds caller) {
    ConfiguredCheck check;
    check.type = &kType;
    check.check = std::make_shared<Probe>(std::move(what));
    check.timeout = seconds(8);
    auto done = run_check(check, {}, {.site = site_, .backends = backends_, .clock = clock_}, *view_,
                          Deadline(SteadyTime() + caller), SteadyTime());
    if (!done) return std::nullopt;
    return std::move(done->finding);
  }
  static Finding ask(const Context& c) {
    const auto answer = c.dns.query({*Domain::parse("a.example"), dns::Type::a}, c.deadline);
    return {&kOutcomes[answer->status == dns::Status::ok ? kFine : kFailed], {}};
  }

  Site site_;
  Backends backends_;
  Counters counters_;
  SlowResolver resolver_;
  dns::MessageResolver message_{resolver_, counters_};
  std::shared_ptr<dns::MessageResolver::View> view_ = message_.view(5);
  FakeClock clock_;
};

TEST_F(RunCheck, IsNotDoneWhileTheAnswerMayStillCome) {
  clock_.at += seconds(5);
  EXPECT_FALSE(run(ask, seconds(5)));
  EXPECT_EQ(resolver_.last_deadline, SteadyTime() + seconds(5));
  resolver_.late = false;
  ASSERT_TRUE(run(ask, seconds(7)));
  EXPECT_EQ(run(ask, seconds(7))->outcome->name, "fine");
}

TEST_F(RunCheck, HasFailedWhenItsOwnTimeIsOver) {
  clock_.at += seconds(8);
  const auto finding = run(ask, seconds(60));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->outcome->name, "failed");
  EXPECT_EQ(resolver_.last_deadline, SteadyTime() + seconds(8)) << "no longer than the check's own time";
}

TEST_F(RunCheck, HasFailedWhenNothingWasLate) {
  const auto finding = run([](const Context&) { return Finding{&kOutcomes[kFailed], "SERVFAIL"}; }, seconds(5));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->reason, "SERVFAIL");
}

TEST_F(RunCheck, TakesWhatNoLateAnswerCouldChange) {
  const auto finding = run([](const Context& c) { return ask(c), Finding{&kOutcomes[kFine], {}}; }, seconds(5));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->outcome->name, "fine");
}

TEST_F(RunCheck, MakesAnExceptionAFailure) {
  const auto finding = run([](const Context&) -> Finding { throw std::runtime_error("broken"); }, seconds(5));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->outcome->name, "failed");
  EXPECT_EQ(finding->reason, "internal error: broken");
}

}  // namespace
}  // namespace postern
