#include "policy/checks/author.h"

#include <array>
#include <cstddef>
#include <string>

namespace postern {

namespace {

enum : std::size_t { kProven, kUnproven, kNoAuthor, kUnavailable };
// clang-format off
constexpr std::array<Outcome, 4> kOutcomes{{
    {"proven",      {},                                                                        "RFC 9989 4.4"},
    {"unproven",    {550, {7, 26}, "Neither SPF nor DKIM speaks for the author"},              "RFC 7372 3.3"},
    {"no-author",   {550, {6, 0},  "Who wrote the message can not be told from its From field"}, "RFC 9989 5.3.1"},
    {"unavailable", {451, {7, 24}, "Author not verified yet"},                                 "RFC 5321 4.2", Failure::yes},
}};
// clang-format on

class Author final : public Check {
 public:
  Finding run(const Context& c) const override {
    const auto found = c.evidence->author_proof(c.deadline);
    if (!found) return c.must_wait(), Finding{&kOutcomes[kUnavailable], "no answer in time"};
    c.rests_on(found->trust);
    const dmarc::Author& author = c.evidence->author();
    const std::string domain = author.domain ? author.domain->text() : author.problem;
    switch (found->value) {
      case Evidence::Proof::proven: return {&kOutcomes[kProven], domain};
      case Evidence::Proof::unproven: return {&kOutcomes[kUnproven], domain};
      case Evidence::Proof::no_author: return {&kOutcomes[kNoAuthor], domain};
      case Evidence::Proof::unknown: break;
    }
    return {&kOutcomes[kUnavailable], domain};
  }
};

std::unique_ptr<const Check> build(Settings&) { return std::make_unique<Author>(); }

}  // namespace

constexpr CheckType kAuthor{.name = "author",
                            .stage = Stage::end,
                            .scope = Scope::message,
                            .start = Start::on_demand,
                            .outcomes = kOutcomes,
                            .unavailable = Unavailable::skip,
                            .timeout = std::chrono::seconds(10),
                            .questions = 0,
                            .evidence = true,
                            .build = build};

}  // namespace postern
