#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <fmt/format.h>

#include "policy/dns/options.h"
#include "policy/dns/unbound_resolver.h"
#include "tests/dns/scripted_world.h"

namespace postern::dns {
namespace {

using namespace std::chrono_literals;
using test::ScriptedDns;
using World = ScriptedWorld;

TEST(Unbound, KeepsTheFiveAnswersApart) {
  World w(
      "a.test. A 192.0.2.1\na.test. A 192.0.2.2\na.test. AAAA 2001:db8::1\na.test. MX 20 mx2.a.test.\na.test. MX 10 .\n"
      "a.test. TXT \"one \" \"two\"\n1.2.0.192.in-addr.arpa. PTR A.Test.\nb.test. CNAME a.test.\n"
      "; FAULT bad.test SERVFAIL\n; SERVER no.test REFUSED\n");
  const AnswerPtr a = w.ask("a.test");
  EXPECT_EQ(a->status, Status::ok);
  EXPECT_EQ(a->addresses.size(), 2u);
  EXPECT_EQ(a->ttl, 300s);
  EXPECT_FALSE(a->secure);
  EXPECT_EQ(a->canonical_name, "");
  EXPECT_EQ(w.ask("a.test", Type::aaaa)->addresses.at(0).text(), "2001:db8::1");
  EXPECT_EQ(w.ask("a.test", Type::mx)->mx, (std::vector<Mx>{{10, ""}, {20, "mx2.a.test"}}));
  EXPECT_EQ(w.ask("a.test", Type::txt)->texts, std::vector<std::string>{"one two"});
  EXPECT_EQ(w.ask("1.2.0.192.in-addr.arpa", Type::ptr)->names, std::vector<std::string>{"a.test"});
  EXPECT_EQ(w.ask("b.test")->addresses.size(), 2u);
  EXPECT_EQ(w.ask("b.test")->canonical_name, "a.test");
  EXPECT_EQ(w.ask("b.test", Type::cname)->names, std::vector<std::string>{"a.test"});
  EXPECT_EQ(w.status("a.test", Type::ptr), Status::nodata);
  EXPECT_EQ(w.status("test", Type::a), Status::nodata);
  EXPECT_EQ(w.status("gone.test"), Status::nxdomain);
  for (const std::string_view lame : {"bad.test", "no.test"}) {
    const AnswerPtr answer = w.ask(lame);
    EXPECT_EQ(answer->status, Status::tempfail) << lame;
    EXPECT_FALSE(answer->late) << lame;
    EXPECT_EQ(answer->problem, "SERVFAIL") << lame;
  }
  EXPECT_EQ(w.counted("dns.servfail"), 2);
  EXPECT_EQ(w.counted("dns.outstanding"), 0);
}

TEST(Unbound, AsksForNamesThatNoHostCanHave) {  // RFC 7208 7.1
  World w("two\\032words@a/b.test. A 192.0.2.1\nback\\\\slash\\.dot.test. A 192.0.2.2\n\\255.test. A 192.0.2.3\n");
  for (const std::string_view name : {"two\\032words@a/b.test", "back\\\\slash\\.dot.test", "\xff.test"}) {
    const AnswerPtr answer = w.resolver->query({*Domain::any_name(name), Type::a}, in(4s));
    EXPECT_EQ(answer->status, Status::ok) << name << ": " << answer->problem;
  }
}

TEST(Unbound, TakesTruncatedAnswersOverTcp) {
  std::string script = "; SERVER cut.test TRUNCATE\ncut.test. A 192.0.2.1\nbig.test. TXT \"end\"\n";
  for (int i = 0; i < 40; ++i) script += fmt::format("big.test. TXT \"{}{}\"\n", i, std::string(200, 'x'));
  World w(script);
  EXPECT_EQ(w.ask("cut.test")->addresses.size(), 1u);
  EXPECT_EQ(w.ask("big.test", Type::txt)->texts.size(), 41u);
  EXPECT_GE(w.server.asked_over_tcp(), 2u);
}

TEST(Unbound, DoesNotTakeForgeries) {  // FAULTS T40
  Options options;
  options.timeout = 1s;
  World w(
      "; SERVER id.test WRONG_ID\n; SERVER q.test WRONG_QUESTION\n; SERVER g.test GARBAGE\n; SERVER t.test TAIL\n"
      "id.test. A 192.0.2.66\nq.test. A 192.0.2.66\ng.test. A 192.0.2.66\nt.test. A 192.0.2.66\nt.test. TXT "
      "\"0123456789\"\nok.test. A 192.0.2.1\n",
      options);
  for (const std::string_view name : {"id.test", "q.test", "g.test", "t.test"}) w.resolver->prefetch(question_of(name));
  EXPECT_EQ(w.status("ok.test"), Status::ok);
  for (const std::string_view name : {"id.test", "q.test", "g.test", "t.test"}) {
    const AnswerPtr answer = w.ask(name);
    EXPECT_EQ(answer->status, Status::tempfail) << name;
    EXPECT_TRUE(answer->addresses.empty()) << name;
  }
}

TEST(Unbound, CapsTheCnameChain) {  // FAULTS T41
  std::string script = "end.test. A 192.0.2.1\nloop.test. CNAME pool.test.\npool.test. CNAME loop.test.\n";
  for (int i = 0; i < 9; ++i)
    script += fmt::format("c{}.test. CNAME {}.test.\n", i, i == 0 ? "end" : fmt::format("c{}", i - 1));
  World w(script);
  EXPECT_EQ(w.status("c7.test"), Status::ok);
  EXPECT_EQ(w.ask("c7.test")->canonical_name, "end.test");
  EXPECT_EQ(w.status("c8.test"), Status::tempfail);
  EXPECT_EQ(w.status("loop.test"), Status::tempfail);
}

TEST(Unbound, GivesUpAtTheDeadlineAndRemembersTheLateAnswer) {
  World w("; DELAY slow.test 600\nslow.test. A 192.0.2.1\n");
  const AnswerPtr early = w.ask("slow.test", Type::a, 50ms);
  EXPECT_EQ(early->status, Status::tempfail);
  EXPECT_TRUE(early->late);
  EXPECT_EQ(w.status("slow.test"), Status::ok);
  EXPECT_EQ(w.server.asked("slow.test"), 1u);
  EXPECT_EQ(w.counted("dns.late"), 1);
}

TEST(Unbound, AnswersTwoHundredSlowNamesAtOnce) {  // PLATFORM 5
  World w("; DELAY *.slow.test 800\n*.slow.test. A 192.0.2.1\n; SERVER *.dead.test DROP\n");
  for (int i = 0; i < 10; ++i) w.resolver->prefetch(question_of(fmt::format("d{}.dead.test", i)));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) w.resolver->prefetch(question_of(fmt::format("n{}.slow.test", i)));
  int found = 0;
  for (int i = 0; i < 200; ++i) found += w.status(fmt::format("n{}.slow.test", i)) == Status::ok ? 1 : 0;
  EXPECT_EQ(found, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);  // 10 s and more with libunbound's own settings
}

TEST(Unbound, LetsManyThreadsAskOneQuestion) {
  World w("; DELAY one.test 200\none.test. A 192.0.2.1\n");
  std::atomic<int> found{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] { found += w.status("one.test") == Status::ok ? 1 : 0; });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(found, 16);
  EXPECT_EQ(w.server.asked("one.test"), 1u);
  EXPECT_EQ(w.counted("dns.queries"), 1);
}

TEST(Unbound, AsksUncachedPastEveryCache) {
  World w("x.test. A 192.0.2.1\n");
  EXPECT_EQ(w.status("new.test"), Status::nxdomain);
  w.server.change("new.test. A 192.0.2.7\n");
  EXPECT_EQ(w.status("new.test"), Status::nxdomain);  // remembered
  const auto uncached = [&] { return w.resolver->query_uncached(question_of("new.test"), in(4s)); };
  EXPECT_EQ(uncached()->status, Status::ok);
  EXPECT_EQ(w.status("new.test"), Status::ok);  // and our cache is told
  EXPECT_EQ(w.server.asked("new.test"), 2u);
  w.server.change("other.test. A 192.0.2.1\n");
  EXPECT_EQ(uncached()->status, Status::nxdomain);
  EXPECT_EQ(w.server.asked("new.test"), 3u);
  EXPECT_EQ(uncached()->status, Status::nxdomain);
  EXPECT_EQ(w.server.asked("new.test"), 4u);
}

TEST(Unbound, CachesTheUsualWayAlone) {
  ScriptedDns server("a.test. A 192.0.2.1\n");
  Counters counters;
  Options options;
  options.servers = {{"127.0.0.1", server.port()}};
  const auto source = UnboundSource::make(options, counters);
  ASSERT_TRUE(source);
  const auto ttl = [&](Source::Way way) {
    std::promise<Answer> promise;
    source.value()->ask(question_of("a.test"), way, [&](Answer answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get().ttl;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ttl(Source::Way::uncached), 300s);
  EXPECT_EQ(server.asked("a.test"), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_GE(ttl(Source::Way::usual), 290s);  // one context's settings leave the other alone
  EXPECT_EQ(server.asked("a.test"), 4u);
}

TEST(Unbound, TimesOutOnADeadServerAndComesBack) {
  Options options;
  options.timeout = 300ms;
  options.failure_age = 0s;
  World w("a.test. A 192.0.2.1\nb.test. A 192.0.2.1\n", options);
  w.server.silence(true);
  const AnswerPtr dead = w.ask("a.test");
  EXPECT_EQ(dead->status, Status::tempfail);
  EXPECT_FALSE(dead->late);
  EXPECT_EQ(dead->problem, "no answer in time");
  EXPECT_EQ(w.counted("dns.timeouts"), 1);
  w.server.silence(false);
  int tries = 0;
  while (w.status("b.test") != Status::ok && ++tries < 20) continue;
  EXPECT_LT(tries, 20);
}

TEST(Unbound, EndsWithQuestionsUnderWay) {
  World w("; SERVER *.dead.test DROP\n");
  for (int i = 0; i < 50; ++i) w.resolver->prefetch(question_of(fmt::format("d{}.dead.test", i)));
  EXPECT_EQ(w.counted("dns.outstanding"), 50);
  w.resolver.reset();
  EXPECT_EQ(w.counted("dns.outstanding"), 0);  // each question was told its end
}

TEST(Unbound, RefusesOptionsThatCannotBe) {
  SystemClock clock;
  Counters counters;
  const auto problem = [&](Options options) {
    const auto made = make_resolver(options, clock, counters);
    return made ? std::string() : made.error().where.file + ": " + made.error().message;
  };
  Options options;
  options.servers = {{"ns.example"}};
  EXPECT_EQ(problem(options), ": DNS server \"ns.example\" is no IP address");
  options.servers = {{"127.0.0.1"}};
  options.trust_anchor = "/nonexistent";
  EXPECT_EQ(problem(options), "/nonexistent: cannot read the trust anchor");
  options.trust_anchor.clear();
  options.zone_files = {"/nonexistent"};
  EXPECT_EQ(problem(options), "/nonexistent: cannot read the zone file: No such file or directory");
}

TEST(Unbound, AsksNobodyOffline) {
  SystemClock clock;
  Counters counters;
  Options options;
  options.offline = true;
  const auto made = make_resolver(options, clock, counters);
  ASSERT_TRUE(made);
  const AnswerPtr answer = made.value()->query(question_of("a.test"), in(4s));
  EXPECT_EQ(answer->status, Status::tempfail);
  EXPECT_FALSE(answer->late);
  EXPECT_EQ(answer->problem, "offline");
}

}  // namespace
}  // namespace postern::dns
