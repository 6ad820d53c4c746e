// Published ways to be seen as somebody else, judged by the presets that we ship, behind Postfix and behind a server
// that hands on whatever it gets. docs/decisions/003-spoofing-cases.md argues what comes out otherwise than the
// collection wants it.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "tests/scenario/spoofing_musts.h"

namespace postern::spoofing {
namespace {

// Not met, and why not stands in the decision.
constexpr std::array<std::string_view, 2> kArgued{"en-srs-forged", "en-utf8-no-smtputf8"};

#define SKIP_WITHOUT_CASES() \
  if (!std::filesystem::exists(file())) GTEST_SKIP() << file() << " is not there"

Judged judged(const Case& one, const std::string& zone, Server server) {
  return {one, server, judge(one, zone, server, presets()), judge(one, zone, server, open())};
}

// 5.7.1 where we have nothing more exact to say: 5.6.0 is RFC 5322's, 5.7.26 that of RFC 7372.
bool refused_as_given(const Case& one, const Outcome& outcome) {
  if (!outcome.refusal || outcome.refusal->code() / 100 != 5) return false;
  const std::string status = outcome.refusal->status_text();
  if (one.id.starts_with("en-")) return status.starts_with("5.1.") || status == one.status;
  return status == one.status || (one.status == "5.7.1" && (status == "5.6.0" || status == "5.7.26"));
}

// A rule that is watched would have refused it, or it is refused.
bool is_told(const Outcome& outcome) { return outcome.refusal || !outcome.record.would.empty(); }

bool is_as_wanted(const Case& one, const Judged& j) {
  if (one.outcome == "reject") return refused_as_given(one, j.presets);
  if (one.outcome == "flag" || one.outcome == "reject-or-flag" || one.outcome == "flag-or-reject")
    return is_told(j.presets);
  if (one.outcome == "accept-as-attack-domain")
    return !j.presets.refusal && j.presets.record.would.empty() && j.open.tagged("of-the-attacker");
  return one.outcome == "policy";
}

TEST(SpoofingCases, NeverGetAPassThatIsNotTheirs) {
  SKIP_WITHOUT_CASES();
  const Cases all = read();
  int held = 0;
  for (const Case& one : all.cases) {
    for (const Server server : {Server::postfix, Server::credulous}) {
      const Judged j = judged(one, all.zone, server);
      const auto violated = violation(j);
      ASSERT_TRUE(violated) << one.id << ": no test knows " << one.must;
      EXPECT_EQ(*violated, "") << one.id << (server == Server::postfix ? " behind Postfix" : "") << "\n"
                               << j.presets.told() << "\n"
                               << j.open.told();
      held += violated->empty() ? 1 : 0;
    }
  }
  EXPECT_GE(held, 2 * 84);
}

TEST(SpoofingCases, EndAsTheCollectionWantsThem) {
  SKIP_WITHOUT_CASES();
  const Cases all = read();
  int met = 0;
  for (const Case& one : all.cases) {
    const Judged j = judged(one, all.zone, Server::postfix);
    const bool argued = std::find(kArgued.begin(), kArgued.end(), one.id) != kArgued.end();
    met += is_as_wanted(one, j) ? 1 : 0;
    EXPECT_NE(is_as_wanted(one, j), argued) << one.id << ", wanted: " << one.outcome << " " << one.status << "\n"
                                            << j.presets.told();
  }
  EXPECT_GE(met, 82);
}

TEST(SpoofingCases, APassThatIsNotTheirsIsSeen) {
  SKIP_WITHOUT_CASES();
  const Cases all = read();
  const auto one = std::find_if(all.cases.begin(), all.cases.end(), [](const Case& c) { return c.id == "wl-a5-rev"; });
  ASSERT_NE(one, all.cases.end());
  Judged j = judged(*one, all.zone, Server::postfix);
  ASSERT_EQ(violation(j), "");
  const Judged honest = j;
  for (AuthenticationResult& result : j.open.claims.front().results) {
    if (result.method == "dmarc") result = {"dmarc", "pass", {{"header.from", "mail.legit.example"}}};
  }
  EXPECT_NE(violation(j), "");
  j.open.claims = {honest.open.claims.front(), honest.open.claims.front()};
  EXPECT_NE(violation(j), "") << "a second field with our name";
}

// What keeps them out is the policy of the author's domain, and that nobody is without an author.
TEST(SpoofingCases, WouldGetThroughWithoutDmarc) {
  SKIP_WITHOUT_CASES();
  const std::string without =
      "  - include: presets/inbound.yaml\n"
      "    change: {dmarc-reject: {monitor: true}, no-author: {monitor: true}}\n"
      "  - include: presets/submission.yaml\n";
  constexpr std::array<std::string_view, 10> kThrough{
      "ck-a2-null-path-helo", "ck-a3-dkim-nul-domain", "ck-a6-quoted-local",   "ck-a18-bare-and-angle",
      "no-from-at-all",       "wl-a10-forwarder-dkim", "wl-a3-empty-mailfrom", "wl-a5-rev",
      "wl-a6-unclosed",       "wl-a8-subdomain"};
  const Cases all = read();
  std::size_t named = 0;
  for (const Case& one : all.cases) {
    if (std::find(kThrough.begin(), kThrough.end(), one.id) == kThrough.end()) continue;
    ++named;
    EXPECT_TRUE(judge(one, all.zone, Server::postfix, presets()).refusal) << one.id;
    EXPECT_FALSE(judge(one, all.zone, Server::postfix, without).refusal) << one.id;
  }
  EXPECT_EQ(named, kThrough.size());
}

}  // namespace
}  // namespace postern::spoofing
