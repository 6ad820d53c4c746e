// How much a sender can make us ask by what stands in his zones (FAULTS T44).

#include <fmt/format.h>

#include "policy/dns/message_resolver.h"
#include "tests/dns/scripted_world.h"
#include "tests/support/world.h"

namespace postern::dns {
namespace {

// A hundred names behind the client's address, a hundred mail hosts behind each domain; none of them exists.
std::string worst_zones() {
  std::string script = "; RCODE nowhere.test 3\n";
  for (int i = 0; i < 100; ++i) {
    script += fmt::format("6.7.8.9.in-addr.arpa. PTR h{}.evil.test.\n", i);
    for (const char* domain : {"evil.test", "worse.test", "vile.test", "foul.test"})
      script += fmt::format("{0}. MX {1} n{1}.{0}.\n", domain, i);
  }
  return script;
}

// Questions that were sent; libunbound may repeat one that is late, or cut.
std::size_t asked(ScriptedWorld& dns) { return static_cast<std::size_t>(dns.counted("dns.queries")); }

/// All checks for one message that may ask `most` questions: how many were sent.
std::size_t asked_for_one_message(std::size_t most) {
  ScriptedWorld dns(worst_zones());
  const MessageResolver message(*dns.resolver, dns.counters, most);
  for (const CheckType* type : check_types()) {
    const auto view = message.view(1000);
    test::World world(*view);
    world.client("9.8.7.6");
    world.set("sender-domain", "mx-hosts", "6");
    world.set("from-domain", "mx-hosts", "5");
    const char* subject = type->stage == Stage::connect ? "9.8.7.6"
                          : type->stage == Stage::headers
                              ? "From: a@worse.test, a@vile.test, a@foul.test\nSender: a@foul.test"
                          : type->name == "helo-name" ? "nowhere.test"
                                                      : "a@evil.test";
    world.finding(type->name, subject);
  }
  EXPECT_LE(message.asked(), most);
  return asked(dns);
}

TEST(WorstZone, MakesNoMessageAskMoreThanSixtyQuestions) { EXPECT_LE(asked_for_one_message(kMessageQuestions), 60u); }

TEST(WorstZone, WithoutTheCapMakesItAskMore) { EXPECT_GT(asked_for_one_message(1000), 60u); }

TEST(WorstZone, OneCheckAsksNoMoreThanItSays) {
  for (const CheckType* type : check_types()) {
    if (type->evidence) continue;  // SPF, DKIM, ARC and DMARC have shares of their own, and tests of their own
    ScriptedWorld dns(worst_zones());
    test::World world(*dns.resolver);
    world.client("9.8.7.6");
    const std::string subject = type->stage == Stage::connect   ? "9.8.7.6"
                                : type->stage == Stage::headers ? "From: a@worse.test, a@vile.test\nSender: a@vile.test"
                                : type->name == "helo-name"     ? "nowhere.test"
                                                                : "a@evil.test";
    world.finding(type->name, subject);
    EXPECT_LE(asked(dns), static_cast<std::size_t>(type->questions)) << type->name;
  }
}

}  // namespace
}  // namespace postern::dns
