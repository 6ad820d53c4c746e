#include "policy/checks/spf.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "policy/checks/not_in_time.h"

namespace postern {

namespace {

enum : std::size_t { kNone, kNeutral, kPass, kFail, kSoftfail, kTemperror, kPermerror };
// clang-format off
constexpr std::array<Outcome, 7> kOutcomes{{
    {"none",      {},                                                         "RFC 7208 2.6.1"},
    {"neutral",   {},                                                         "RFC 7208 2.6.2"},
    {"pass",      {},                                                         "RFC 7208 2.6.3"},
    {"fail",      {550, {7, 23}, "SPF: the client may not send for this domain"},      "RFC 7372 3.2"},
    {"softfail",  {550, {7, 23}, "SPF: the client should not send for this domain"},   "RFC 7372 3.2"},
    {"temperror", {451, {7, 24}, "SPF record could not be looked up yet"},             "RFC 7208 2.6.6", Failure::yes},
    {"permerror", {550, {7, 24}, "SPF record of the sender's domain is broken"},       "RFC 7372 3.2"},
}};
// clang-format on

std::size_t outcome_of(spf::Status status) {
  switch (status) {
    case spf::Status::none: return kNone;
    case spf::Status::neutral: return kNeutral;
    case spf::Status::pass: return kPass;
    case spf::Status::fail: return kFail;
    case spf::Status::softfail: return kSoftfail;
    case spf::Status::temperror: return kTemperror;
    case spf::Status::permerror: return kPermerror;
  }
  return kTemperror;
}

// RFC 8601 2.7.2: what was asked about.
AuthenticationResult told(spf::Status status, spf::Identity identity, const Context& c) {
  AuthenticationResult told{.method = "spf", .result = std::string(name(status)), .properties = {}};
  if (identity == spf::Identity::helo || c.mail.sender->path.null)
    told.properties.push_back({"smtp.helo", c.mail.greeting->helo});
  else
    told.properties.push_back({"smtp.mailfrom", c.mail.sender->path.text()});
  return told;
}

class Spf final : public Check {
 public:
  Spf(bool helo, bool explain) : helo_(helo), explain_(explain) {}

  Finding run(const Context& c) const override {
    const EvidentPtr<spf::Result> found = c.evidence->spf(c.deadline);
    const EvidentPtr<spf::Result> helo = helo_ ? c.evidence->spf_helo(c.deadline) : nullptr;
    if (!found) return not_in_time(c, kOutcomes[kTemperror], told(spf::Status::temperror, spf::Identity::mail_from, c));
    c.rests_on(found->trust);
    const spf::Result& result = found->value;
    if (result.capped) c.count("checks.spf.capped");
    Finding finding{&kOutcomes[outcome_of(result.status)], result.reason};
    if (!result.domain.empty()) finding.facts.emplace_back("domain", result.domain);
    if (!result.explanation.empty()) finding.facts.emplace_back("explanation", result.explanation);
    finding.results.push_back(told(result.status, result.identity, c));
    if (helo_) {  // a slow zone there takes nothing from what is known of MAIL FROM
      const spf::Status status = helo ? helo->value.status : spf::Status::temperror;
      if (helo) c.rests_on(helo->trust);
      finding.facts.emplace_back("helo", spf::name(status));
      if (!c.mail.sender->path.null) finding.results.push_back(told(status, spf::Identity::helo, c));
    }
    return finding;
  }

  void equip(const Workshop& workshop) const override { workshop.made.authentication.spf.explain = explain_; }

 private:
  const bool helo_;
  const bool explain_;
};

std::unique_ptr<const Check> build(Settings& s) {
  const bool helo = s.flag("helo", false, "the name in HELO is checked, too: spf.helo tells the result");
  const bool explain = s.flag("explain", false, "the domain's own words for a fail are looked up: spf.explanation");
  return std::make_unique<Spf>(helo, explain);
}

}  // namespace

constexpr CheckType kSpf{.name = "spf",
                         .stage = Stage::sender,
                         .scope = Scope::message,
                         .start = Start::early,
                         .outcomes = kOutcomes,
                         .unavailable = Unavailable::skip,  // FAULTS 3
                         .timeout = std::chrono::seconds(8),
                         .questions = 0,
                         .method = true,
                         .evidence = true,
                         .build = build};

}  // namespace postern
