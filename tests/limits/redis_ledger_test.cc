#include <array>
#include <string>
#include <thread>
#include <vector>

#include "tests/limits/redis_world.h"

namespace postern::limits {
namespace {

class RedisLedgerTest : public OneRedis {
 protected:
  std::chrono::milliseconds next(const Demand& demand) {
    Answer answer;
    node->ledger.look({&demand, 1}, {&answer, 1}, soon());
    EXPECT_EQ(answer.kind, Answer::Kind::over);
    return answer.next;
  }
};

TEST_F(RedisLedgerTest, TakesWhatFits) {
  EXPECT_EQ(node->reserve(messages(7)), "ok 7/10");
  EXPECT_EQ(node->reserve(messages(4)), "over 7/10");
  EXPECT_EQ(node->reserve(messages(1)), "near 8/10");
  EXPECT_EQ(node->look(messages(2)), "near 8/10");
  EXPECT_EQ(node->reserve(messages(2)), "near 10/10");
  EXPECT_EQ(node->reserve(messages(1)), "over 10/10");
  EXPECT_EQ(node->reserve(messages(0)), "near 10/10");
  EXPECT_EQ(node->reserve(messages(1, "jo")), "ok 1/10");
}

TEST_F(RedisLedgerTest, WhatIsReleasedWasNeverThere) {
  EXPECT_EQ(node->reserve(messages(10)), "near 10/10");
  node->release();
  EXPECT_EQ(node->reserve(messages(3)), "ok 3/10");
  node->commit();
  EXPECT_EQ(node->look(messages(1)), "ok 3/10");
  EXPECT_EQ(node->reserve(messages(7)), "near 10/10");
  node->release();
  EXPECT_EQ(node->look(messages(1)), "ok 3/10");
}

TEST_F(RedisLedgerTest, CommittingAndReleasingTwiceCountOnce) {
  EXPECT_EQ(node->reserve(messages(4)), "ok 4/10");
  const std::vector<Hold> holds = node->holds;
  node->release();
  node->ledger.release(holds);
  EXPECT_EQ(node->look(messages()), "ok 0/10");
}

TEST_F(RedisLedgerTest, ACommitWhoseReservationIsForgottenIsCharged) {
  EXPECT_EQ(node->reserve(messages(4)), "ok 4/10");
  server->command_line("flushall");
  node->commit();
  EXPECT_EQ(node->look(messages()), "ok 4/10");
  EXPECT_EQ(node->ledger.show("sam", soon()).size(), 1U);
}

TEST_F(RedisLedgerTest, WhatFellIntoAWindowLeavesIt) {
  allow = {{3, 1s}, {5, 60s}};
  EXPECT_EQ(node->reserve(messages(3)), "near 3/3 3/5");
  node->commit();
  EXPECT_EQ(node->reserve(messages(1)), "over 3/3 3/5");
  std::vector<Answer> answers(1);
  const Demand one = messages();
  node->ledger.look({&one, 1}, answers, soon());
  EXPECT_GT(answers[0].next, 0ms);
  EXPECT_LE(answers[0].next, 1100ms);
  EXPECT_EQ(answers[0].tightest, 0U);
  std::this_thread::sleep_for(answers[0].next);
  EXPECT_EQ(node->reserve(messages(2)), "near 2/3 5/5");
  node->commit();
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(node->reserve(messages(1)), "over 0/3 5/5");
}

// To tell somebody to come again in 30 days is as good as a refusal for good: it takes what is committed.
TEST_F(RedisLedgerTest, WhatIsReservedAloneMayComeBackAnyMoment) {
  allow = {{10, 720h}};
  EXPECT_EQ(node->reserve(messages(10)), "near 10/10");
  EXPECT_EQ(next(messages(1)), slot_of(720h));
  node->release();
  EXPECT_EQ(node->reserve(messages(9)), "near 9/10");
  node->commit();
  EXPECT_EQ(node->reserve(messages(1)), "near 10/10");
  EXPECT_EQ(next(messages(1)), slot_of(720h));
  node->commit();
  EXPECT_GT(next(messages(1)), 719h);
}

TEST_F(RedisLedgerTest, ValuesThatAreReservedAloneMayComeBackAnyMoment) {
  allow = {{1, 720h}};
  EXPECT_EQ(node->reserve(of_value(Unit::distinct_recipients, "a")), "near 1/1");
  EXPECT_EQ(next(of_value(Unit::distinct_recipients, "b")), slot_of(720h));
  node->commit();
  EXPECT_GT(next(of_value(Unit::distinct_recipients, "b")), 719h);
}

TEST_F(RedisLedgerTest, NeverMoreThanAllowedInAnyWindow) {
  allow = {{20, 1s}};
  std::vector<std::chrono::steady_clock::time_point> taken;
  const auto until = std::chrono::steady_clock::now() + 4s;
  while (std::chrono::steady_clock::now() < until) {
    const auto before = std::chrono::steady_clock::now();
    if (node->reserve(messages()).starts_with("over")) {
      std::this_thread::sleep_for(1ms);
      continue;
    }
    node->commit();
    node->settle();
    taken.push_back(before);
  }
  EXPECT_GE(taken.size(), 60U);
  for (std::size_t i = 20; i < taken.size(); ++i) EXPECT_GT(taken[i] - taken[i - 20], 990ms) << i;
}

TEST_F(RedisLedgerTest, ABurstIsNotMoreAtOnce) {
  allow = {{600, 60s, 5}};
  EXPECT_EQ(node->reserve(messages(6)), "over 0/600");
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(node->reserve(messages()), "ok " + std::to_string(i) + "/600");
  const std::string sixth = node->reserve(messages());  // 100 ms each
  EXPECT_TRUE(sixth.starts_with("over")) << sixth;
  node->release();
  EXPECT_EQ(node->reserve(messages(5)), "ok 5/600");
  node->commit();
  EXPECT_TRUE(node->reserve(messages()).starts_with("over"));
  std::this_thread::sleep_for(120ms);
  EXPECT_EQ(node->reserve(messages()), "ok 6/600");
}

TEST_F(RedisLedgerTest, AValueIsCountedOnce) {
  allow = {{2, 60s}};
  const auto to = [&](std::string_view value) { return node->reserve(of_value(Unit::distinct_recipients, value)); };
  EXPECT_EQ(to("a"), "ok 1/2");
  EXPECT_EQ(to("a"), "ok 1/2");
  EXPECT_EQ(to("b"), "near 2/2");
  EXPECT_EQ(to("c"), "over 2/2");
  node->release();
  EXPECT_EQ(to("c"), "ok 1/2");
  node->commit();
  EXPECT_EQ(to("c"), "ok 1/2");
  node->release();
  EXPECT_EQ(to("a"), "near 2/2");
  EXPECT_EQ(to("b"), "over 2/2");
  node->commit();
  EXPECT_EQ(node->look(of_value(Unit::distinct_recipients, "a")), "near 2/2");
}

TEST_F(RedisLedgerTest, AValueThatTwoHoldStaysWhenOneLetsGo) {
  allow = {{1, 60s}};
  const Demand a = of_value(Unit::distinct_recipients, "a");
  EXPECT_EQ(node->reserve(a), "near 1/1");
  EXPECT_EQ(node->reserve(a), "near 1/1");
  node->ledger.release({&node->holds[0], 1});
  EXPECT_EQ(node->reserve(of_value(Unit::distinct_recipients, "b")), "over 1/1");
  node->ledger.commit({&node->holds[1], 1});
  EXPECT_EQ(node->reserve(of_value(Unit::distinct_recipients, "b")), "over 1/1");
  EXPECT_EQ(node->reserve(a), "near 1/1");
}

TEST_F(RedisLedgerTest, WhoWasWrittenToIsNoStranger) {
  allow = {{2, 60s}};
  const auto to = [&](std::string_view value) { return node->reserve(of_value(Unit::first_time_recipients, value)); };
  EXPECT_EQ(to("a"), "ok 1/2");
  EXPECT_EQ(to("b"), "near 2/2");
  EXPECT_EQ(to("c"), "over 2/2");
  node->commit();
  EXPECT_EQ(to("a"), "near 2/2");
  EXPECT_EQ(to("c"), "over 2/2");
  node->commit();
  EXPECT_EQ(node->look(of_value(Unit::first_time_recipients, "c")), "over 2/2");
}

TEST_F(RedisLedgerTest, DemandsOfOneCallSeeEachOther) {
  const std::array<Demand, 3> demands{messages(6), messages(6), messages(4)};
  std::array<Answer, 3> answers;
  node->ledger.reserve(demands, answers, node->holds, soon());
  EXPECT_EQ(answers[0].kind, Answer::Kind::ok);
  EXPECT_EQ(answers[1].kind, Answer::Kind::over);
  EXPECT_EQ(answers[2].kind, Answer::Kind::near);
  ASSERT_EQ(node->holds.size(), 2U);
  EXPECT_EQ(node->holds[1].demand, 2U);
  node->release();
  EXPECT_EQ(node->look(messages()), "ok 0/10");
}

TEST_F(RedisLedgerTest, WhatCanNeverFitIsSaid) {
  std::vector<Answer> answers(1);
  const Demand eleven = messages(11);
  node->ledger.look({&eleven, 1}, answers, soon());
  EXPECT_EQ(answers[0].next, Answer::kNever);
  allow = {{0, 60s}};
  EXPECT_EQ(node->reserve(messages()), "over 0/0");
}

TEST_F(RedisLedgerTest, AnotherMostKeepsTheHistoryAndAnotherWindowBeginsOne) {
  EXPECT_EQ(node->reserve(messages(5)), "ok 5/10");
  node->commit();
  allow = {{20, 60s}};
  EXPECT_EQ(node->reserve(messages()), "ok 6/20");
  node->commit();
  allow = {{20, 120s}};
  EXPECT_EQ(node->reserve(messages()), "ok 1/20");
  node->commit();
  const auto account = node->ledger.show("sam", soon());
  ASSERT_EQ(account.size(), 1U);
  ASSERT_EQ(account[0].windows.size(), 1U);
  EXPECT_EQ(account[0].windows[0].allow, (Allowance{20, 120s}));
}

/// Of what is only looked at and charged nobody reserves.
TEST_F(RedisLedgerTest, LookingWithOtherWindowsForgetsNothing) {
  const auto charge = [&](std::int64_t amount) {
    const Demand some = messages(amount);
    node->ledger.charge({&some, 1});
  };
  allow = {{20, 1h}, {100, 24h}};
  charge(15);
  allow = {{100, 24h}};
  EXPECT_EQ(node->look(messages()), "ok 15/100");
  EXPECT_EQ(node->look(messages()), "ok 15/100");
  charge(5);
  EXPECT_EQ(node->look(messages()), "ok 20/100");
  allow = {{20, 1h}, {100, 24h}};
  EXPECT_EQ(node->look(messages()), "ok 0/20 20/100");
  EXPECT_EQ(node->look(messages()), "ok 0/20 20/100");
  charge(20);
  EXPECT_EQ(node->look(messages()), "over 20/20 40/100");
  EXPECT_EQ(node->look(messages()), "over 20/20 40/100");
  allow = {{100, 24h}, {60, 1h}, {200, 48h}};
  EXPECT_EQ(node->look(messages()), "ok 40/100 20/60 0/200");
  EXPECT_EQ(node->reserve(messages(10)), "ok 50/100 30/60 10/200");
  allow = {{100, 24h}};
  EXPECT_EQ(node->look(messages()), "ok 50/100");
  node->commit();
  allow = {{60, 1h}, {100, 24h}};
  EXPECT_EQ(node->look(messages()), "ok 30/60 50/100");
  EXPECT_EQ(node->reserve(messages(0)), "ok 30/60 50/100");
  EXPECT_EQ(node->ledger.show("sam", soon())[0].windows.size(), 2U);
}

TEST_F(RedisLedgerTest, ABurstStaysWithItsWindow) {
  allow = {{3600, 1h, 10}, {100, 24h}};
  const Demand ten = messages(10);
  node->ledger.charge({&ten, 1});
  allow = {{100, 24h}, {3600, 1h, 10}};
  EXPECT_EQ(node->look(messages(5)), "over 10/100 10/3600");
  EXPECT_EQ(node->look(messages(5)), "over 10/100 10/3600");
  const Demand none = messages(0);
  node->ledger.charge({&none, 1});
  EXPECT_EQ(node->look(messages(5)), "over 10/100 10/3600");
}

TEST_F(RedisLedgerTest, ChargesWithoutATest) {
  const Demand lot = messages(25);
  node->ledger.charge({&lot, 1});
  EXPECT_EQ(node->reserve(messages()), "over 25/10");
  const Demand value = of_value(Unit::distinct_recipients, "x");
  node->ledger.charge({&value, 1});
  EXPECT_EQ(node->look(value), "ok 1/10");
}

TEST_F(RedisLedgerTest, ShowsTopsAndResets) {
  EXPECT_EQ(node->reserve(messages(3)), "ok 3/10");
  node->commit();
  EXPECT_EQ(node->reserve(messages(2)), "ok 5/10");
  EXPECT_EQ(node->reserve(messages(9, "jo")), "near 9/10");
  EXPECT_EQ(node->reserve(of_value(Unit::distinct_recipients, "a")), "ok 1/10");
  node->ledger.note_refused("mail", "sam");
  node->ledger.note_refused("mail", "sam");
  auto accounts = node->ledger.show("sam", soon());
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0].limit, "mail");
  EXPECT_EQ(accounts[0].key, "sam");
  EXPECT_EQ(accounts[0].unit, Unit::messages);
  ASSERT_EQ(accounts[0].windows.size(), 1U);
  EXPECT_EQ(accounts[0].windows[0].used, 5);
  EXPECT_EQ(accounts[0].reserved, 2);
  EXPECT_EQ(accounts[0].refused, 2);
  EXPECT_EQ(accounts[1].unit, Unit::distinct_recipients);
  EXPECT_EQ(accounts[1].windows[0].used, 1);
  auto top = node->ledger.top("mail", 2, soon());
  ASSERT_EQ(top.size(), 2U);
  EXPECT_EQ(top[0].key, "jo");
  EXPECT_EQ(top[1].key, "sam");
  EXPECT_EQ(node->ledger.top("", 9, soon()).size(), 3U);
  EXPECT_EQ(node->ledger.reset("mail", "sam", soon()), 1U);
  EXPECT_EQ(node->look(messages()), "ok 0/10");
  EXPECT_EQ(node->ledger.reset("", "sam", soon()), 1U);
  EXPECT_EQ(node->ledger.show("sam", soon()).size(), 0U);
}

TEST_F(RedisLedgerTest, NamesWithoutEndHideNoLimit) {
  server->command_line("eval \"for i=1,3000 do redis.call('sadd','postern:limits','behaviour/text '..i) end\" 0");
  const Demand text{.limit = "behaviour/text b0 1a2b", .key = "sam", .allow = allow};
  node->ledger.charge({&text, 1});
  EXPECT_EQ(node->reserve(messages(3)), "ok 3/10");
  node->settle();
  EXPECT_EQ(server->command_line("scard postern:limits"), "3001");
  Node other(options_of(*server));  // who has told no name
  ASSERT_TRUE(other.ready());
  const auto accounts = other.ledger.show("sam", soon());
  ASSERT_EQ(accounts.size(), 1U);
  EXPECT_EQ(accounts[0].limit, "mail");
  EXPECT_EQ(other.ledger.top("", 9, soon()).size(), 1U);
  EXPECT_EQ(other.ledger.reset("", "sam", soon()), 1U);
}

TEST_F(RedisLedgerTest, KeysAndValuesAreBytes) {
  std::vector<std::string> odd{"a\r\nFLUSHALL\r\n",     std::string("a\0b", 3), "*)(uid=*", "' OR 1=1 --", "}:{x}",
                               std::string(10'240, 'k')};
  for (const std::string& key : odd) {
    EXPECT_EQ(node->reserve(messages(4, key)), "ok 4/10");
    node->commit();
    for (const std::string& value : odd) {
      Demand to = of_value(Unit::distinct_recipients, value);
      to.key = key;
      node->reserve(to);
    }
    Demand to = of_value(Unit::distinct_recipients, "one more");
    to.key = key;
    EXPECT_EQ(node->look(to), "ok 6/10");
    EXPECT_EQ(node->look(messages(1, key)), "ok 4/10");
    const auto accounts = node->ledger.show(key, soon());
    ASSERT_EQ(accounts.size(), 2U);
    EXPECT_EQ(accounts[0].key, key.substr(0, kMostKeyBytes));
  }
  EXPECT_EQ(server->command_line("dbsize"), "21");  // 3 each, the names of the limits, and an index of each
}

TEST_F(RedisLedgerTest, AForgottenReservationEndsWithItsLease) {
  Node hasty(options_of(*server), {.lease_slot = 20ms});
  ASSERT_TRUE(hasty.ready());
  EXPECT_EQ(hasty.reserve(messages(10)), "near 10/10");
  EXPECT_EQ(hasty.reserve(of_value(Unit::distinct_recipients, "a")), "ok 1/10");
  const std::vector<Hold> late = hasty.holds;
  EXPECT_EQ(hasty.reserve(messages(1)), "over 10/10");
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(hasty.reserve(messages(6)), "ok 6/10");
  EXPECT_EQ(hasty.look(of_value(Unit::distinct_recipients, "b")), "ok 0/10");
  hasty.ledger.commit(late);  // what the MTA has taken all the same is counted
  EXPECT_EQ(hasty.look(messages()), "over 16/10");
}

TEST_F(RedisLedgerTest, AccountsGoAfterTheirLongestWindow) {
  allow = {{10, 60s}};
  node->reserve(messages());
  node->commit();
  node->reserve(of_value(Unit::distinct_recipients, "a"));
  node->commit();
  node->reserve(of_value(Unit::first_time_recipients, "a"));
  node->commit();
  node->ledger.note_refused("mail", "other");
  node->settle();
  EXPECT_EQ(server->command_line("eval \"local n=0 for _,k in ipairs(redis.call('keys','*l:*')) do "
                                 "if redis.call('pttl',k)<0 then n=n+1 end end return n\" 0"),
            "0");
}

TEST_F(RedisLedgerTest, MoreHoldsThanStandTogetherAreKeptApart) {
  allow = {{1000, 60s}};
  for (int i = 1; i <= 200; ++i) node->reserve(messages());
  EXPECT_EQ(node->look(messages()), "ok 200/1000");
  std::vector<Hold> rest(node->holds.begin() + 100, node->holds.end());
  node->holds.resize(100);
  node->commit();
  node->ledger.release(rest);
  node->ledger.release(rest);
  EXPECT_EQ(node->look(messages()), "ok 100/1000");
  EXPECT_EQ(node->ledger.show("sam", soon()).at(0).reserved, 0);
}

}  // namespace
}  // namespace postern::limits
