#include "policy/checks/dmarc.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "policy/checks/not_in_time.h"

namespace postern {

namespace {

enum : std::size_t { kPass, kFailNone, kFailQuarantine, kFailReject, kNone, kTemperror, kPermerror, kNoAuthor };
// clang-format off
constexpr std::array<Outcome, 8> kOutcomes{{
    {"pass",            {},                                                                        "RFC 9989 4.4"},
    {"fail-none",       {550, {7, 26}, "DMARC: neither SPF nor DKIM speaks for the author"},       "RFC 7372 3.3"},
    {"fail-quarantine", {550, {7, 26}, "DMARC: neither SPF nor DKIM speaks for the author"},       "RFC 7372 3.3"},
    {"fail-reject",     {550, {7, 26}, "DMARC: neither SPF nor DKIM speaks for the author"},       "RFC 7372 3.3"},
    {"none",            {},                                                                        "RFC 9989 4.10"},
    {"temperror",       {451, {7, 24}, "DMARC policy of the author could not be looked up yet"},   "RFC 9989 4.10", Failure::yes},
    {"permerror",       {550, {7, 26}, "DMARC record of the author's domain is broken"},           "RFC 8601 2.7"},
    {"no-author",       {550, {6, 0},  "Who wrote the message can not be told from its From field"}, "RFC 9989 5.3.1"},
}};
constexpr std::array<std::string_view, 2> kModels{"rfc9989", "psl"};
// clang-format on

std::size_t outcome_of(const dmarc::Result& result) {
  switch (result.status) {
    case dmarc::Status::pass: return kPass;
    case dmarc::Status::none: return kNone;
    case dmarc::Status::temperror: return kTemperror;
    case dmarc::Status::permerror: return kPermerror;
    case dmarc::Status::fail: break;
  }
  switch (result.disposition) {
    case dmarc::Policy::none: return kFailNone;
    case dmarc::Policy::quarantine: return kFailQuarantine;
    case dmarc::Policy::reject: return kFailReject;
  }
  return kFailNone;
}

class Dmarc final : public Check {
 public:
  Dmarc(dmarc::Model model, bool report_data) : model_(model), report_data_(report_data) {}

  Finding run(const Context& c) const override {
    const auto found = c.evidence->dmarc(c.deadline);
    if (!found)
      return not_in_time(c, kOutcomes[kTemperror], {.method = "dmarc", .result = "temperror", .properties = {}});
    c.rests_on(found->trust);
    if (!found->value) {
      Finding finding{&kOutcomes[kNoAuthor], c.evidence->author().problem};
      // RFC 8601 has no word for it; "none" would say that all is well.
      finding.results.push_back(
          {.method = "dmarc", .result = "permerror", .properties = {}, .reason = c.evidence->author().problem});
      return finding;
    }
    const dmarc::Result& result = *found->value;
    Finding finding{&kOutcomes[outcome_of(result)], result.reason};
    AuthenticationResult told{.method = "dmarc", .result = std::string(name(result.status)), .properties = {}};
    told.properties.push_back({"header.from", result.author.text()});
    if (result.policy_domain) {
      finding.facts.emplace_back("domain", result.policy_domain->text());
      finding.facts.emplace_back("policy", name(result.policy));
      told.properties.push_back({"policy.dmarc", std::string(name(result.policy))});
    }
    finding.results.push_back(std::move(told));
    return finding;
  }

  void equip(const Workshop& workshop) const override {
    workshop.made.authentication.model = model_;
    workshop.made.authentication.report_data = report_data_;
  }

 private:
  const dmarc::Model model_;
  const bool report_data_;
};

std::unique_ptr<const Check> build(Settings& s) {
  const std::string model = s.word("model", "rfc9989", kModels,
                                   "how policies and organizations are found: by the tree walk of RFC 9989, or by the "
                                   "public suffix list (RFC 7489)");
  const bool report_data =
      s.flag("report-data", true,
             "what an aggregate report would tell is counted in the store, for domains that ask for reports");
  return std::make_unique<Dmarc>(model == "psl" ? dmarc::Model::psl : dmarc::Model::rfc9989, report_data);
}

}  // namespace

constexpr CheckType kDmarc{.name = "dmarc",
                           .stage = Stage::end,
                           .scope = Scope::message,
                           .start = Start::on_demand,
                           .outcomes = kOutcomes,
                           .unavailable = Unavailable::skip,  // FAULTS 3
                           .timeout = std::chrono::seconds(10),
                           .questions = 0,
                           .method = true,
                           .evidence = true,
                           .build = build};

}  // namespace postern
