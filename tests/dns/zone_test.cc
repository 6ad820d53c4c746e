#include <chrono>
#include <random>

#include <fmt/format.h>

#include "policy/dns/zone_resolver.h"

namespace postern::dns {
namespace {

const Deadline kNow{SteadyTime::min()};  // a ZoneResolver never waits

// "status", "status ttl: records" with the canonical name in brackets.
std::string shown(const Answer& answer) {
  std::vector<std::string> parts;
  for (const IpAddress& a : answer.addresses) parts.push_back(a.text());
  for (const Mx& mx : answer.mx) parts.push_back(fmt::format("{} {}", mx.preference, mx.host.empty() ? "." : mx.host));
  for (const std::string& n : answer.names) parts.push_back(n);
  for (const std::string& t : answer.texts) parts.push_back('"' + t + '"');
  std::string out(name(answer.status));
  if (!parts.empty()) out += fmt::format(": {}", fmt::join(parts, ", "));
  if (!answer.canonical_name.empty()) out += fmt::format(" [{}]", answer.canonical_name);
  return out;
}

class World {
 public:
  explicit World(const std::string& text) {
    auto parsed = ZoneResolver::parse("z", text);
    EXPECT_TRUE(parsed) << parsed.error().message << " line " << parsed.error().where.line;
    if (parsed) resolver_ = std::move(parsed).value();
  }
  std::string operator()(std::string_view name, Type type) {
    const Question question{*Domain::parse(name), type};
    const AnswerPtr answer = resolver_->query(question, kNow);
    EXPECT_EQ(shown(*answer), shown(*resolver_->query_uncached(question, kNow)));
    return shown(*answer);
  }
  ZoneResolver& resolver() { return *resolver_; }

 private:
  std::unique_ptr<ZoneResolver> resolver_;
};

// "" where the text is fine, else "line:column message".
std::string problem(std::string_view text) {
  Zone zone;
  const auto error = zone.add("z", text);
  return error ? fmt::format("{}:{} {}", error->where.line, error->where.column, error->message) : "";
}

TEST(ZoneResolver, ATextOverItsCapIsNoAnswer) {
  std::string zone = "a.example. TXT";
  for (int i = 0; i < 70; ++i) zone += " \"" + std::string(250, 'a') + "\"";
  World w(zone + "\n");
  EXPECT_EQ(w("a.example", Type::txt), "tempfail");
}

TEST(ZoneText, IsRfc1035MasterText) {
  World w(
      "$ORIGIN example.   ; a comment\n"
      "$TTL 1h\n"
      "@ IN SOA ns root ( 1 ; serial\n   3600 600\n   86400 60 )\n"
      "        NS ns\n"
      "a 300 IN A 192.0.2.1\n"
      "  IN 60 AAAA 2001:db8::1\r\n"
      "  MX 20 b\n"
      "  MX 10 Mail.Other.TEST.\n"
      "b TXT \"one \" two \"; \\\"three\\\" \\065\"\n"
      "1.2.0.192.in-addr.arpa. PTR A\n"
      "c.example. CNAME a\n");
  EXPECT_EQ(w("a.example", Type::a), "ok: 192.0.2.1");
  EXPECT_EQ(w("A.Example.", Type::aaaa), "ok: 2001:db8::1");
  EXPECT_EQ(w("a.example", Type::mx), "ok: 10 mail.other.test, 20 b.example");
  EXPECT_EQ(w("b.example", Type::txt), "ok: \"one two; \"three\" A\"");
  EXPECT_EQ(w("1.2.0.192.in-addr.arpa", Type::ptr), "ok: a.example");
  EXPECT_EQ(w("c.example", Type::a), "ok: 192.0.2.1 [a.example]");
  EXPECT_EQ(w("c.example", Type::cname), "ok: a.example");
  EXPECT_EQ(w("example", Type::a), "nodata");
  EXPECT_EQ(w.resolver().query({*Domain::parse("a.example"), Type::a}, kNow)->ttl.count(), 300);
  EXPECT_EQ(w.resolver().query({*Domain::parse("a.example"), Type::aaaa}, kNow)->ttl.count(), 60);
  EXPECT_EQ(w.resolver().query({*Domain::parse("a.example"), Type::mx}, kNow)->ttl.count(), 3600);
}

TEST(ZoneText, NamesTheFirstThingThatIsWrong) {
  EXPECT_EQ(problem(""), "");
  EXPECT_EQ(problem("a. A 192.0.2.1"), "");
  EXPECT_EQ(problem("a. A 192.0.2.1\nb. A 192.0.2\n"), "2:6 \"192.0.2\" is no IPv4 address");
  EXPECT_EQ(problem("b. AAAA 192.0.2.1\n"), "1:9 \"192.0.2.1\" is no IPv6 address");
  EXPECT_EQ(problem("a. A ::1\n"), "1:6 \"::1\" is no IPv4 address");
  EXPECT_EQ(problem("a. MX mx.a.\n"), "1:4 MX takes 2 words");
  EXPECT_EQ(problem("a. MX 65536 mx.a.\n"), "1:7 \"65536\" is no MX preference");
  EXPECT_EQ(problem("a. MX 65535 mx.a.\n"), "");
  EXPECT_EQ(problem("a. 60 IN\n"), "1:7 a record type is missing");
  EXPECT_EQ(problem("a. IN MXX 1\n"), "1:7 unknown record type \"MXX\"");
  EXPECT_EQ(problem(" A 192.0.2.1\n"),
            "1:2 a line that begins with a blank belongs to the name before it, and there is none");
  EXPECT_EQ(problem("a. TXT \"open\nb. A 192.0.2.1\n"), "1:8 string without closing quote");
  EXPECT_EQ(problem("a. TXT (\n\"x\"\n"), "1:8 ( without )");
  EXPECT_EQ(problem("a. TXT )\n"), "1:8 ) without (");
  EXPECT_EQ(problem("a. TXT \\999\n"), "1:8 broken escape");
  EXPECT_EQ(problem("a. TXT\n"), "1:4 TXT takes at least one string");
  EXPECT_EQ(problem("a..b. A 192.0.2.1\n"), "1:1 \"a..b.\" is no name");
  EXPECT_EQ(problem("ä. A 192.0.2.1\n"), "1:1 a name is written in A-labels (xn--…)");
  EXPECT_EQ(problem(std::string(63, 'a') + ". A 192.0.2.1\n"), "");
  EXPECT_EQ(problem(std::string(64, 'a') + ". A 192.0.2.1\n").substr(0, 5), "1:1 \"");
  EXPECT_EQ(problem("$INCLUDE other\n"), "1:1 $INCLUDE is not read here: $ORIGIN and $TTL are");
  EXPECT_EQ(problem("$TTL soon\n"), "1:6 \"soon\" is no TTL");
  EXPECT_EQ(problem("; FAULT a.\n"), "1:3 a fault is: FAULT name [type] NXDOMAIN|SERVFAIL|TIMEOUT|BOGUS");
  EXPECT_EQ(problem("x. A 192.0.2.1\n;FAULT a. MX SLOW ; why\n"),
            "2:14 no fault \"SLOW\": NXDOMAIN, SERVFAIL, TIMEOUT or BOGUS");
  EXPECT_EQ(problem("; FAULT a. QQ BOGUS\n"), "1:12 unknown record type \"QQ\"");
  EXPECT_EQ(problem("; FAULTY is no fault line\n; nor is this FAULT\n"), "");
  EXPECT_EQ(problem("a. TYPE65280 \\# 2 abcd\na. CAA 0 issue \"x\"\n"), "");
}

TEST(ZoneText, SurvivesAnyBytes) {
  std::mt19937 random(4);  // NOLINT: the same texts in every run
  const std::vector<std::string> words{"a.", "A",     "MX",    "TXT",  "192.0.2.1", "10",  "(",
                                       ")",  "\"",    ";",     "\n",   " ",         "\\",  "$ORIGIN",
                                       "@",  "FAULT", "BOGUS", "\xff", "*",         "\\1", "$TTL"};
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (auto n = random() % 20; n > 0; --n) text += words[random() % words.size()] + (random() % 2 == 0 ? " " : "");
    Zone zone;
    const auto error = zone.add("z", text);
    if (error) {
      ASSERT_GE(error->where.line, 1);
      ASSERT_GE(error->where.column, 1);
    }
  }
}

TEST(Zone, TellsNodataFromNxdomain) {  // RFC 2308 2, RFC 8020
  World w(
      "a.b.example. A 192.0.2.1\n"
      "d.example. MX 0 .\n");
  EXPECT_EQ(w("d.example", Type::mx), "ok: 0 .");
  EXPECT_EQ(w("d.example", Type::a), "nodata");
  EXPECT_EQ(w("b.example", Type::a), "nodata");  // an empty non-terminal
  EXPECT_EQ(w("example", Type::a), "nodata");
  EXPECT_EQ(w("c.b.example", Type::a), "nxdomain");
  EXPECT_EQ(w("x.a.b.example", Type::a), "nxdomain");
  EXPECT_EQ(w("gone.example", Type::a), "nxdomain");
  EXPECT_EQ(w("test", Type::a), "nxdomain");
}

TEST(Zone, AnswersFromWildcards) {  // RFC 4592 2.2.1
  World w(
      "$ORIGIN example.\n"
      "*         TXT \"this is a wildcard\"\n"
      "*         MX 10 host1\n"
      "sub.*     TXT \"this is not a wildcard\"\n"
      "host1     A 192.0.2.1\n"
      "_ssh._tcp.host1 SRV 0 0 22 host1\n"
      "*.c       CNAME host1\n");
  EXPECT_EQ(w("host3.example", Type::mx), "ok: 10 host1.example");
  EXPECT_EQ(w("host3.example", Type::a), "nodata");
  EXPECT_EQ(w("foo.bar.example", Type::txt), "ok: \"this is a wildcard\"");
  EXPECT_EQ(w("host1.example", Type::mx), "nodata");
  EXPECT_EQ(w("_telnet._tcp.host1.example", Type::txt), "nxdomain");
  EXPECT_EQ(w("x.c.example", Type::a), "ok: 192.0.2.1 [host1.example]");
  EXPECT_EQ(w("c.example", Type::a), "nodata");
}

TEST(Zone, FollowsEightCnames) {
  std::string text =
      "end.example. A 192.0.2.1\nloop.example. CNAME pool.example.\npool.example. CNAME loop.example.\ndead.example. "
      "CNAME gone.example.\n";
  for (int i = 0; i < 9; ++i)
    text += fmt::format("c{}.example. CNAME {}.example.\n", i, i == 0 ? "end" : fmt::format("c{}", i - 1));
  World w(text);
  EXPECT_EQ(w("c7.example", Type::a), "ok: 192.0.2.1 [end.example]");  // eight
  EXPECT_EQ(w("c8.example", Type::a), "tempfail");                     // nine
  EXPECT_EQ(w("loop.example", Type::a), "tempfail");
  EXPECT_EQ(w("dead.example", Type::a), "nxdomain [gone.example]");  // RFC 6604 3
  EXPECT_EQ(w("c0.example", Type::mx), "nodata [end.example]");
}

TEST(Zone, SetsFaults) {
  World w(
      "a.example. A 192.0.2.1\na.example. MX 10 a.example.\n"
      "; FAULT a.example. MX SERVFAIL\n"
      ";FAULT slow.example TIMEOUT ; of its own\n"
      "; FAULT b.example. BOGUS\n"
      "b.example. A 192.0.2.2\n"
      "; FAULT gone.b.example. NXDOMAIN\n"
      "; FAULT *.wild.example SERVFAIL\n"
      "c.example. CNAME slow.example.\n");
  EXPECT_EQ(w("a.example", Type::mx), "tempfail");
  EXPECT_EQ(w("a.example", Type::a), "ok: 192.0.2.1");
  EXPECT_EQ(w("slow.example", Type::txt), "tempfail");
  EXPECT_EQ(w("b.example", Type::a), "bogus");
  EXPECT_EQ(w("gone.b.example", Type::a), "nxdomain");
  EXPECT_EQ(w("x.wild.example", Type::a), "tempfail");
  EXPECT_EQ(w("c.example", Type::a), "tempfail");
  const AnswerPtr slow = w.resolver().query({*Domain::parse("slow.example"), Type::a}, kNow);
  EXPECT_FALSE(slow->late);
  EXPECT_EQ(slow->problem, "no answer in time");
}

TEST(Zone, CapsRecordsAndTexts) {
  std::string text = "t.example. TXT";
  for (int i = 0; i < 64; ++i) text += " \"" + std::string(256, 'x') + "\"";
  text += "\nu.example. TXT small\nu.example. TXT " + std::string(16 * 1024 + 1, 'x') + "\n";
  for (int i = 0; i < 101; ++i) text += fmt::format("a.example. A 192.0.2.{}\n", i);
  World w(text);
  EXPECT_EQ(w("t.example", Type::txt).size(), 6u + 16 * 1024);
  EXPECT_EQ(w("u.example", Type::txt), "ok: \"small\"");
  const AnswerPtr many = w.resolver().query({*Domain::parse("a.example"), Type::a}, kNow);
  EXPECT_EQ(many->addresses.size(), 100u);
}

TEST(Addresses, AreAandAaaaAsOneAnswer) {
  World w(
      "both.example. A 192.0.2.1\nboth.example. AAAA 2001:db8::1\nfour.example. A 192.0.2.1\n"
      "half.example. A 192.0.2.1\n; FAULT half.example AAAA SERVFAIL\nlame.example. MX 0 .\n; FAULT lame.example AAAA "
      "SERVFAIL\n"
      "bog.example. MX 0 .\n; FAULT bog.example A BOGUS\nonly.example. MX 0 .\n");
  const auto both = [&](std::string_view name) { return shown(addresses(w.resolver(), *Domain::parse(name), kNow)); };
  EXPECT_EQ(both("both.example"), "ok: 192.0.2.1, 2001:db8::1");
  EXPECT_EQ(both("four.example"), "ok: 192.0.2.1");
  EXPECT_EQ(both("half.example"), "ok: 192.0.2.1");
  EXPECT_EQ(both("lame.example"), "tempfail");
  EXPECT_EQ(both("bog.example"), "bogus");
  EXPECT_EQ(both("only.example"), "nodata");
  EXPECT_EQ(both("gone.example"), "nxdomain");
}

TEST(ZoneResolver, AsksOutsideWhatItDoesNotCover) {
  Zone inside;
  ASSERT_FALSE(
      inside.add("in", "a.example. MX 10 mx.a.example.\nc.example. CNAME out.test.\n*.w.example. A 192.0.2.9\n"));
  auto outside = ZoneResolver::parse("out", "a.example. A 192.0.2.66\nb.example. A 192.0.2.2\nout.test. A 192.0.2.3\n");
  ASSERT_TRUE(outside);
  ZoneResolver resolver(std::move(inside), std::move(outside).value());
  const auto asked = [&](std::string_view name, Type type) {
    return shown(*resolver.query({*Domain::parse(name), type}, kNow));
  };
  EXPECT_EQ(asked("a.example", Type::mx), "ok: 10 mx.a.example");
  EXPECT_EQ(asked("a.example", Type::a), "nodata");         // the file speaks for it
  EXPECT_EQ(asked("x.a.example", Type::a), "nxdomain");     // and for all below it
  EXPECT_EQ(asked("b.example", Type::a), "ok: 192.0.2.2");  // not for what is beside it
  EXPECT_EQ(asked("example", Type::a), "nodata");
  EXPECT_EQ(asked("y.x.w.example", Type::a), "ok: 192.0.2.9");
  EXPECT_EQ(asked("w.example", Type::a), "nxdomain");
  EXPECT_EQ(asked("c.example", Type::a), "ok: 192.0.2.3 [out.test]");
}

}  // namespace
}  // namespace postern::dns
