#include "policy/checks/arc.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "policy/checks/not_in_time.h"

namespace postern {

namespace {

enum : std::size_t { kNone, kPass, kFail, kTemperror };
// clang-format off
constexpr std::array<Outcome, 4> kOutcomes{{
    {"none",      {},                                              "RFC 8617 4.4"},
    {"pass",      {},                                              "RFC 8617 4.4"},
    {"fail",      {550, {7, 29}, "ARC chain of the message is broken"},      "RFC 8617 10.4"},
    {"temperror", {451, {7, 24}, "ARC key could not be looked up yet"},      "RFC 8617 5.2", Failure::yes},
}};
// clang-format on

std::size_t outcome_of(arc::Status status) {
  switch (status) {
    case arc::Status::none: return kNone;
    case arc::Status::pass: return kPass;
    case arc::Status::fail: return kFail;
    case arc::Status::temperror: return kTemperror;
  }
  return kTemperror;
}

// What the first to seal the message had found: the authentication of its origin (RFC 8617 5.2, 7.2.2).
void add_first_results(const arc::Result& result, Finding& finding) {
  if (result.hops.empty()) return;
  const auto first = parse_authentication_results(result.hops.front().authentication_results);
  if (!first) return;
  for (const auto& one : first->results) {
    if (one.method == "spf" || one.method == "dkim" || one.method == "dmarc")
      finding.facts.emplace_back(one.method, one.result);
  }
}

class Arc final : public Check {
 public:
  explicit Arc(arc::Options options) : options_(options) {}

  Finding run(const Context& c) const override {
    const EvidentPtr<arc::Result> found = c.evidence->arc(c.deadline);
    if (!found)
      return not_in_time(c, kOutcomes[kTemperror], {.method = "arc", .result = "temperror", .properties = {}});
    c.rests_on(found->trust);
    const arc::Result& result = found->value;
    Finding finding{&kOutcomes[outcome_of(result.status)], result.reason};
    AuthenticationResult told{.method = "arc", .result = std::string(name(result.status)), .properties = {}};
    if (result.status == arc::Status::pass) {
      for (const arc::Hop& hop : result.hops) finding.facts.emplace_back("sealer", hop.sealer);
      finding.facts.emplace_back("instance", std::to_string(result.instance));
      add_first_results(result, finding);
      if (result.oldest_pass >= 0) {
        finding.facts.emplace_back("oldest-pass", std::to_string(result.oldest_pass));
        told.properties.push_back({"header.oldest-pass", std::to_string(result.oldest_pass)});  // RFC 8617 5.2
      }
    } else if (result.status == arc::Status::fail) {
      told.reason = result.reason;
    }
    finding.results.push_back(std::move(told));
    return finding;
  }

  void equip(const Workshop& workshop) const override { workshop.made.authentication.arc = options_; }

 private:
  const arc::Options options_;
};

std::unique_ptr<const Check> build(Settings& s) {
  arc::Options options;
  options.most_seals = static_cast<int>(s.number("seals", 10, 1, 30, "a chain with more seals is broken"));
  return std::make_unique<Arc>(options);
}

}  // namespace

constexpr CheckType kArc{.name = "arc",
                         .stage = Stage::end,
                         .scope = Scope::message,
                         .start = Start::on_demand,
                         .outcomes = kOutcomes,
                         .unavailable = Unavailable::skip,  // FAULTS 3
                         .timeout = std::chrono::seconds(8),
                         .questions = 0,
                         .method = true,
                         .evidence = true,
                         .build = build};

}  // namespace postern
