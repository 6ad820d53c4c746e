#include "policy/checks/dkim.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "policy/checks/not_in_time.h"

namespace postern {

namespace {

enum : std::size_t { kNone, kPass, kFail, kPolicy, kNeutral, kTemperror, kPermerror };
// clang-format off
constexpr std::array<Outcome, 7> kOutcomes{{
    {"none",      {550, {7, 20}, "Message has no DKIM signature"},                    "RFC 7372 3.1"},
    {"pass",      {},                                                                 "RFC 8601 2.7.1"},
    {"fail",      {550, {7, 20}, "No DKIM signature of the message verifies"},        "RFC 7372 3.1"},
    {"policy",    {550, {7, 21}, "No DKIM signature of the message is acceptable"},   "RFC 7372 3.1"},
    {"neutral",   {550, {7, 20}, "No DKIM signature of the message can be used"},     "RFC 7372 3.1"},
    {"temperror", {451, {7, 24}, "DKIM key could not be looked up yet"},              "RFC 8601 2.7.1", Failure::yes},
    {"permerror", {550, {7, 20}, "No DKIM signature of the message is well formed"},  "RFC 7372 3.1"},
}};
// clang-format on

std::size_t outcome_of(dkim::Status status) {
  switch (status) {
    case dkim::Status::none: return kNone;
    case dkim::Status::pass: return kPass;
    case dkim::Status::fail: return kFail;
    case dkim::Status::policy: return kPolicy;
    case dkim::Status::neutral: return kNeutral;
    case dkim::Status::temperror: return kTemperror;
    case dkim::Status::permerror: return kPermerror;
  }
  return kTemperror;
}

// What we make of one: who takes part of a body for all of it can be shown anything (FAULTS T32).
dkim::Status taken_as(const dkim::Result& r) { return r.distrusted ? dkim::Status::policy : r.status; }

// What speaks for the message, of several signatures: the best there is, and what may still become it.
constexpr std::array kBestFirst{dkim::Status::pass,   dkim::Status::temperror, dkim::Status::fail,
                                dkim::Status::policy, dkim::Status::permerror, dkim::Status::neutral,
                                dkim::Status::none};

const dkim::Result* best(const std::vector<dkim::Result>& results) {
  for (const dkim::Status status : kBestFirst) {
    const auto found =
        std::find_if(results.begin(), results.end(), [&](const dkim::Result& r) { return taken_as(r) == status; });
    if (found != results.end()) return &*found;
  }
  return nullptr;
}

AuthenticationResult told(const dkim::Result& r) {
  AuthenticationResult told{.method = "dkim", .result = std::string(name(taken_as(r))), .properties = {}};
  if (!r.proves()) told.reason = r.reason;
  if (!r.domain.empty()) told.properties.push_back({"header.d", r.domain});
  if (!r.selector.empty()) told.properties.push_back({"header.s", r.selector});
  if (!r.algorithm.empty()) told.properties.push_back({"header.a", r.algorithm});
  if (!r.signature.empty()) told.properties.push_back({"header.b", r.signature});  // RFC 6008
  if (r.truncated) told.properties.push_back({"policy.length", "partial"});
  if (r.testing) told.properties.push_back({"policy.testing", "yes"});
  return told;
}

class Dkim final : public Check {
 public:
  explicit Dkim(dkim::Options options) : options_(options) {}

  Finding run(const Context& c) const override {
    const auto found = c.evidence->dkim(c.deadline);
    if (!found)
      return not_in_time(c, kOutcomes[kTemperror], {.method = "dkim", .result = "temperror", .properties = {}});
    c.rests_on(found->trust);
    const std::vector<dkim::Result>& results = found->value;
    const dkim::Result* const spoken = best(results);
    if (spoken == nullptr) {
      Finding finding{&kOutcomes[kNone], "no signature"};
      finding.results.push_back({.method = "dkim", .result = "none", .properties = {}});
      return finding;
    }
    Finding finding{&kOutcomes[outcome_of(taken_as(*spoken))], fmt::format("d={}: {}", spoken->domain, spoken->reason)};
    std::size_t capped = 0;
    for (const dkim::Result& r : results) {
      if (r.proves()) {
        finding.facts.emplace_back("domain", r.domain);
        finding.facts.emplace_back("selector", r.selector);
      }
      if (r.capped || finding.results.size() == options_.signatures)
        ++capped;
      else
        finding.results.push_back(told(r));
    }
    if (capped > 0) {
      c.count("checks.dkim.signatures-capped");
      finding.facts.emplace_back("capped", std::to_string(capped));
      finding.results.back().properties.push_back({"policy.not-verified", std::to_string(capped)});
    }
    return finding;
  }

  void equip(const Workshop& workshop) const override { workshop.made.authentication.dkim = options_; }

 private:
  const dkim::Options options_;
};

std::unique_ptr<const Check> build(Settings& s) {
  dkim::Options options;
  options.signatures = static_cast<std::size_t>(
      s.number("signatures", 5, 1, 16, "signatures that are verified, those of the author's domain first"));
  options.least_rsa_bits = static_cast<int>(
      s.number("rsa-bits", 1024, 1024, 4096, "an RSA key with fewer bits proves nothing (the outcome is policy)"));
  options.trust_length =
      s.flag("trust-length", false, "a signature that leaves the end of the body unsigned (l=) passes all the same");
  return std::make_unique<Dkim>(options);
}

}  // namespace

constexpr CheckType kDkim{.name = "dkim",
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
