#include "milter/fault_plan.h"

#include <signal.h>

#include <charconv>
#include <new>
#include <stdexcept>

namespace postern {

namespace {

constexpr std::string_view kJudging = "judging";
constexpr std::string_view kOnce = "/once";

thread_local int looks_left = 0;  // of the callback that this thread is in

}  // namespace

FaultPlan::FaultPlan(std::string_view text) {
  if (once_ = text.ends_with(kOnce); once_) text.remove_suffix(kOnce.size());
  const std::size_t slash = text.find('/');
  place_ = text.substr(0, slash);
  kind_ = slash == std::string_view::npos ? "exception" : text.substr(slash + 1);
  if (kind_.starts_with(kJudging)) std::from_chars(kind_.data() + kJudging.size(), kind_.data() + kind_.size(), looks_);
}

bool FaultPlan::at(std::string_view place) const {
  if (place_.empty() || place != place_ || looks_ > 0) return false;
  if (once_ && happened_.exchange(true)) return false;
  if (kind_ == "exception") throw std::runtime_error("made to fail");
  if (kind_ == "memory") throw std::bad_alloc();
  if (kind_ == "odd") throw 42;
  if (kind_ == "kill") raise(SIGKILL);
  return kind_ == "fail";
}

FaultPlan::Judging::Judging(const FaultPlan& plan, std::string_view callback) {
  if (plan.looks_ == 0 || callback != plan.place_) return;
  if (!plan.once_ || !plan.happened_.exchange(true)) looks_left = plan.looks_;
}

FaultPlan::Judging::~Judging() { looks_left = 0; }

void FaultPlan::look() {
  if (looks_left > 0 && --looks_left == 0) throw std::runtime_error("made to fail while judging");
}

}  // namespace postern
