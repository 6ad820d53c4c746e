#include "policy/accounts/identity/learn.h"

#include <gtest/gtest.h>

#include "tests/support/fake_store.h"

namespace postern::accounts {
namespace {

using std::chrono::days;

struct World {
  test::FakeStore store;
  LearnOptions options;
  Counters counters;
  WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 1);

  bool see(std::string_view login, std::string_view address, Member member = Member::from) {
    return observe(store, login, member, *Path::parse(address).mailbox, now, options, &counters);
  }
  void see_often(std::string_view login, std::string_view address, int times, Member member = Member::from) {
    for (int i = 0; i < times; ++i) see(login, address, member);
  }
  std::string proposal(ProposeOptions how = {}) {
    return propose(observations(store.list(store::Space::observed_grant, "", 100'000)), how);
  }
};

TEST(Learning, ProposesWhatTheTrafficNeeds) {
  World w;
  w.see_often("eva", "info@acme.example", 2);
  w.see_often("eva", "info@acme.example", 2, Member::mail_from);
  w.now += days(9);
  w.see("EVA", "Info@Acme.Example");
  w.see_often("tom@acme.example", "\"a \\\"b\"@acme.example", 4);
  w.see_often("eva", "typo@acme.example", 2);
  EXPECT_EQ(w.proposal(),
            "accounts:\n"
            "  \"eva\":\n"
            "    grants:\n"
            "      - \"info@acme.example\"  # 3 messages, 2026-11-01 to 2026-11-10: from\n"
            "  \"tom@acme.example\":\n"
            "    grants:\n"
            "      - \"\\\"a \\\\\\\"b\\\"@acme.example\"  # 4 messages, 2026-11-10 to 2026-11-10: from\n");
  EXPECT_NE(w.proposal({.min_count = 2, .whole_domain = 0}).find("2026-11-10: mail-from, from"), std::string::npos);
  EXPECT_EQ(w.proposal({.min_count = 100, .whole_domain = 0}), "");
}

TEST(Learning, GrantsADomainWhereItIsTold) {
  World w;
  for (const char* address : {"a@shop.example", "b@shop.example", "c@shop.example", "x@one.example"})
    w.see_often("eva", address, 3);
  EXPECT_EQ(w.proposal({.min_count = 3, .whole_domain = 3}),
            "accounts:\n"
            "  \"eva\":\n"
            "    grants:\n"
            "      - \"@shop.example\"  # 9 messages, 2026-11-01 to 2026-11-01: from\n"
            "      - \"x@one.example\"  # 3 messages, 2026-11-01 to 2026-11-01: from\n");
  EXPECT_EQ(w.proposal({.min_count = 3, .whole_domain = 4}).find("@shop.example\"  # 9"), std::string::npos);
}

TEST(Learning, OfOneLoginIsBounded) {
  World w;
  w.options.most = 3;
  EXPECT_TRUE(w.see("eva", "a@x.example"));
  EXPECT_TRUE(w.see("eva", "b@x.example"));
  EXPECT_TRUE(w.see("eva", "c@x.example"));
  EXPECT_FALSE(w.see("eva", "d@x.example"));
  EXPECT_TRUE(w.see("eva", "a@x.example")) << "what is there goes on";
  EXPECT_TRUE(w.see("eve", "d@x.example")) << "others have their own";
  EXPECT_EQ(w.counters.get("accounts.learn.capped").value(), 1);
}

TEST(Learning, TakesNothingThatCannotBeCompared) {
  World w;
  EXPECT_FALSE(w.see("eva", "<e\xe2\x80\x8bva@x.example>"));
  EXPECT_FALSE(w.see("e\xe2\x80\x8bva", "eva@x.example"));
  EXPECT_FALSE(w.see("eva", "root"));
}

TEST(Learning, PassesOverWhatIsNoObservation) {
  World w;
  for (const char* value : {"", "1", "1 2", "1 2 3 4", "x 2 3", "1 2 99999999", "-1 2 3", "1  3"})
    w.store.put(store::Space::observed_grant, std::string("eva\na@x.example\nfrom") + value, value, w.now);
  w.store.put(store::Space::observed_grant, "eva\nx\nfrom", "9 1 1", w.now);
  w.store.put(store::Space::observed_grant, "eva\na@x.example\nnobody", "9 1 1", w.now);
  w.store.put(store::Space::observed_grant, "eva", "9 1 1", w.now);
  EXPECT_EQ(w.proposal(), "");
}

}  // namespace
}  // namespace postern::accounts
