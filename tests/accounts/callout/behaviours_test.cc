// What a callout concludes from everything that a mail host can do (FAULTS T47, T48).
#include "tests/accounts/callout/callout_world.h"

namespace postern::callout {
namespace {

using test::Behaviour;
using test::Say;
using Then = Say::Then;

struct Case {
  const char* name;
  Behaviour server;
  const char* words;          ///< kind and cause
  bool marks_domain = false;  ///< the next mailbox of the domain is not asked about, too
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::vector<Case> cases() {
  const std::string ehlo_tls = "250-mx.example\r\n250 STARTTLS\r\n";
  return {
      // The mailbox.
      {"takes it, refuses another", {}, "exists reply"},
      {"takes it with 251", {.rcpt = "251 2.1.5 will forward\r\n"}, "exists reply"},
      {"many lines", {.rcpt = "250-2.1.5 ok\r\n250-\r\n250 2.1.5 still ok\r\n"}, "exists reply"},
      {"code without text", {.rcpt = "250\r\n"}, "exists reply"},
      {"252", {.rcpt = "252 2.1.5 cannot tell\r\n"}, "unknown unclear"},
      {"550 5.1.1", {.rcpt = "550 5.1.1 no such user\r\n"}, "missing reply"},
      {"550 alone", {.rcpt = "550 no such user here\r\n"}, "missing reply"},
      {"551 5.1.6", {.rcpt = "551 5.1.6 has moved\r\n"}, "missing reply"},
      {"551 alone", {.rcpt = "551 user not local\r\n"}, "unknown unclear"},
      {"553 5.1.3", {.rcpt = "553 5.1.3 bad mailbox\r\n"}, "missing reply"},
      {"553 of qmail", {.rcpt = "553 sorry, no mailbox here by that name (#5.1.1)\r\n"}, "missing reply"},
      {"553 alone", {.rcpt = "553 sorry, not in my rcpthosts\r\n"}, "unknown unclear"},
      {"550 5.2.2", {.rcpt = "550 5.2.2 over quota\r\n"}, "unknown unclear"},
      {"550 4.1.1", {.rcpt = "550 4.1.1 contradicts itself\r\n"}, "unknown unclear"},
      {"takes all", {.other_rcpt = "250 2.1.5 ok\r\n"}, "accept-all reply"},
      {"takes one recipient", {.other_rcpt = "452 4.5.3 one is enough\r\n"}, "exists reply"},
      {"hangs up over another", {.other_rcpt = {"", Then::close}}, "exists reply"},
      // Later, perhaps.
      {"greylists 450", {.rcpt = "450 4.2.0 greylisted\r\n"}, "unknown temporary"},
      {"greylists 451", {.rcpt = "451 4.7.1 try again\r\n"}, "unknown temporary"},
      {"421 at RCPT", {.rcpt = {"421 4.3.2 closing\r\n", Then::close}}, "unknown temporary"},
      {"421 greets", {.greeting = {"421 4.3.2 busy\r\n", Then::close}}, "unknown temporary", true},
      {"451 at MAIL", {.mail = "451 4.3.0 later\r\n"}, "unknown temporary", true},
      // It is us.
      {"554 greets", {.greeting = "554 5.7.1 no access\r\n"}, "unknown refused-us", true},
      {"521 greets", {.greeting = {"521 takes no mail\r\n", Then::close}}, "unknown opted-out", true},
      {"refuses EHLO and HELO", {.ehlo = "550 who?\r\n", .helo = "550 who?\r\n"}, "unknown refused-us", true},
      {"refuses the null sender", {.mail = "550 5.1.0 no bounces here\r\n"}, "unknown refused-us", true},
      {"550 5.7.1 at RCPT", {.rcpt = "550 5.7.1 blocked\r\n"}, "unknown refused-us", true},
      {"550 with a list at RCPT", {.rcpt = "550 see https://www.spamhaus.org/\r\n"}, "unknown refused-us", true},
      {"554 at RCPT", {.rcpt = "554 5.1.1 no\r\n"}, "unknown refused-us", true},
      {"asks to be left alone", {.rcpt = "550 callouts are not allowed here\r\n"}, "unknown refused-us", true},
      // TLS.
      {"STARTTLS", {.ehlo = ehlo_tls}, "exists reply"},
      {"STARTTLS refused", {.ehlo = ehlo_tls, .starttls = "454 4.7.0 not now\r\n"}, "exists reply"},
      {"STARTTLS garbage",
       {.ehlo = ehlo_tls, .starttls = "220 go\r\n", .shakes_hands = false, .mail = {"", Then::close}},
       "unknown unreachable",
       true},
      {"STARTTLS injection",
       {.ehlo = ehlo_tls, .starttls = "220 go\r\n250 mx\r\n250 ok\r\n550 5.1.1 no\r\n"},
       "unknown unclear"},
      // Slow, and broken off.
      {"slow banner", {.greeting = Say("220 mx\r\n").after(300ms)}, "exists reply"},
      {"banner too slow", {.greeting = Say("220 mx\r\n").after(60s)}, "unknown unreachable", true},
      {"a byte a second", {.greeting = Say("220 mx.example ESMTP\r\n").each_byte(1s)}, "unknown unreachable", true},
      {"hangs up at once", {.greeting = {"", Then::close}}, "unknown unreachable", true},
      {"resets at once", {.greeting = {"", Then::reset}}, "unknown unreachable", true},
      {"resets within a reply", {.rcpt = {"550 5.1.1 no su", Then::reset}}, "unknown unreachable", true},
      {"hangs up within a reply", {.rcpt = {"550-5.1.1 no such user\r\n", Then::close}}, "unknown unreachable", true},
      {"hangs up after EHLO", {.ehlo = {"250 mx\r\n", Then::close}}, "unknown unreachable", true},
      {"knows no EHLO", {.ehlo = "502 what?\r\n"}, "exists reply"},
      // No SMTP.
      {"endless banner", {.greeting = Say(std::string(1000, 'x')).for_ever()}, "unknown unclear"},
      {"endless lines", {.greeting = Say("220-mx\r\n").for_ever()}, "unknown unclear"},
      {"endless EHLO", {.ehlo = Say("250-MX\r\n").for_ever()}, "unknown unclear"},
      {"1 MiB line", {.rcpt = "550 5.1.1 " + std::string(1 << 20, 'x') + "\r\n"}, "unknown unclear"},
      {"different codes", {.rcpt = "550-5.1.1 no such user\r\n250 ok\r\n"}, "unknown unclear"},
      {"bare LF", {.rcpt = "550 5.1.1 no such user\n"}, "unknown unclear"},
      {"bare CR", {.rcpt = "550 5.1.1 no\r250 ok\r\n"}, "unknown unclear"},
      {"NUL", {.rcpt = std::string("550 5.1.1 no\0 such user\r\n", 25)}, "unknown unclear"},
      {"8 bit", {.rcpt = "550 5.1.1 \xE9\x80 \x9B[31m\xFF\r\n"}, "missing reply"},
      {"a second reply within", {.rcpt = "550 5.1.1 no\r\n250 2.1.5 ok\r\n"}, "unknown unclear"},
      {"no code", {.rcpt = "no such user\r\n"}, "unknown unclear"},
      {"HTTP", {.greeting = "HTTP/1.0 400 Bad Request\r\n\r\n"}, "unknown unclear"},
  };
}

class Behaviours : public testing::TestWithParam<Case> {};

TEST_P(Behaviours, AreReadAsTheyAreMeant) {
  World w(kOneDomain);
  w.options.times = {.connect = 1s, .command = 1500ms, .total = 2500ms};
  const auto& server = w.farm.add("127.1.0.1", GetParam().server);
  const auto begin = std::chrono::steady_clock::now();
  const Verdict verdict = w.ask("user@a.example");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 8s);
  EXPECT_EQ(std::string(name(verdict.kind)) + " " + std::string(name(verdict.cause)), GetParam().words)
      << verdict.reason;
  EXPECT_LE(verdict.reason.size(), 303U);
  EXPECT_TRUE(std::none_of(verdict.reason.begin(), verdict.reason.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  const int before = server.connections();
  w.ask("other@a.example");
  const bool spared = server.connections() == before;
  EXPECT_EQ(spared, GetParam().marks_domain || verdict.kind == Kind::accept_all) << verdict.reason;
  if (!GetParam().server.shakes_hands) return;  // what follows are bytes of TLS
  for (const std::string& command : server.commands()) EXPECT_TRUE(command.ends_with("\r\n")) << command;
}

INSTANTIATE_TEST_SUITE_P(OfHosts, Behaviours, testing::ValuesIn(cases()), [](const auto& one) {
  std::string name = one.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace postern::callout
