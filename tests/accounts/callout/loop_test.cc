// Two gates that verify each other's senders come to an end (FAULTS T49).
#include <atomic>

#include "tests/accounts/callout/callout_world.h"

namespace postern::callout {
namespace {

constexpr int kEnough = 40;  // sessions: then it is a loop

// Two mail hosts, each with a gate that verifies the sender of each RCPT. `null_is_nobody`: as a caller must do it, who
// has no mailbox to verify where the reverse-path is null. Answers how many sessions one message makes.
int sessions(bool null_is_nobody) {
  World w(
      "a.example. MX 10 mx.a.example.\nmx.a.example. A 127.1.0.1\n"
      "b.example. MX 10 mx.b.example.\nmx.b.example. A 127.1.0.2\n");
  w.options.threads = 2;
  w.options.soft = 200ms;
  test::FakeStore stores[2]{test::FakeStore(w.clock), test::FakeStore(w.clock)};
  std::unique_ptr<Callout> gates[2];
  std::atomic<int> count = 0;
  const auto verifies = [&](int gate, const std::string& peer) {
    return [&, gate, peer](const std::string& sender) {
      if (++count >= kEnough) return;
      if (sender != "<>") {
        gates[gate]->verify(World::mailbox(sender), {}, Deadline(std::chrono::steady_clock::now() + 10s));
      } else if (!null_is_nobody) {
        const std::string somebody = "user" + std::to_string(count.load()) + "@" + peer;
        gates[gate]->verify(World::mailbox(somebody), {}, Deadline(std::chrono::steady_clock::now() + 10s));
      }
    };
  };
  test::Behaviour a;
  a.at_rcpt = verifies(0, "b.example");
  test::Behaviour b;
  b.at_rcpt = verifies(1, "a.example");
  for (int i = 0; i < 2; ++i)
    gates[i] = std::make_unique<Callout>(w.options, Services{*w.dns, stores[i], w.clock, w.counters});
  const auto& at_a = w.farm.add("127.1.0.1", a);
  const auto& at_b = w.farm.add("127.1.0.2", b);
  verifies(0, "b.example")("<user@b.example>");  // the message: from b.example, to a.example's gate
  for (int i = 0; i < 300 && (gates[0]->health().probing > 0 || gates[1]->health().probing > 0); ++i)
    std::this_thread::sleep_for(10ms);
  const int made = at_a.connections() + at_b.connections();
  w.farm.stop();  // its servers use the gates
  return made;
}

TEST(CalloutLoop, EndsAfterOneSession) { EXPECT_EQ(sessions(true), 1); }

TEST(CalloutLoop, WouldGoOnIfNullWereSomebody) { EXPECT_GT(sessions(false), 2); }

}  // namespace
}  // namespace postern::callout
