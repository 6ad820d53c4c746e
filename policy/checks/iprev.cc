#include "policy/checks/iprev.h"

#include <array>
#include <cstddef>
#include <utility>

#include "policy/auth/iprev.h"

namespace postern {

namespace {

enum : std::size_t { kNone, kPass, kFail, kPermerror, kTemperror };
// clang-format off
constexpr std::array<Outcome, 5> kOutcomes{{
    {"none",      {},                                                       ""},
    {"pass",      {},                                                       "RFC 8601 2.7.3"},
    {"fail",      {550, {7, 25}, "Client name does not lead back to it"},   "RFC 7372 3.3"},
    {"permerror", {550, {7, 25}, "Client address has no name"},             "RFC 7372 3.3"},
    {"temperror", {451, {4, 3},  "Client name not verified yet"},           "RFC 8601 2.7.3", Failure::yes},
}};
// clang-format on

std::size_t outcome_of(iprev::Status status) {
  switch (status) {
    case iprev::Status::pass: return kPass;
    case iprev::Status::fail: return kFail;
    case iprev::Status::permerror: return kPermerror;
    case iprev::Status::temperror: return kTemperror;
  }
  return kTemperror;
}

class Iprev final : public Check {
 public:
  Finding run(const Context& c) const override {
    if (c.mail.client->local || !c.mail.client->ip) return {&kOutcomes[kNone], "no client address"};
    iprev::Result result = iprev::check(*c.mail.client->ip, c.dns, c.deadline);
    const bool passed = result.status == iprev::Status::pass;
    Finding finding{&kOutcomes[outcome_of(result.status)], std::move(passed ? result.host : result.reason)};
    // RFC 8601 2.7.3: the address whose name was looked up.
    finding.results.push_back({.method = "iprev",
                               .result = std::string(finding.outcome->name),
                               .properties = {{"policy.iprev", c.mail.client->ip->text()}}});
    return finding;
  }
};

std::unique_ptr<const Check> build(Settings&) { return std::make_unique<Iprev>(); }

}  // namespace

constexpr CheckType kIprev{.name = "iprev",
                           .stage = Stage::connect,
                           .scope = Scope::message,
                           .start = Start::early,
                           .outcomes = kOutcomes,
                           .unavailable = Unavailable::skip,
                           .timeout = std::chrono::seconds(8),
                           .questions = 11,  // the address, and 10 names
                           .method = true,
                           .build = build};

}  // namespace postern
