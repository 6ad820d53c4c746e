#pragma once

#include <array>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace postern::test {

/// Records that nobody wrote, the same ones each time, and who is asked about them.
struct GeneratedSpf {
  struct Case {
    std::string record, client, helo, mail_from;
  };
  std::string zone;
  std::vector<Case> cases;
};

/// What the records below speak of. Nothing here ends in a void lookup but v1.example and v2.example.
inline constexpr const char* kGeneratedWorld =
    "h.example. A 192.0.2.1\nh.example. AAAA 2001:db8::1\n"
    "other.example. A 198.51.100.9\nother.example. AAAA 2001:db8:9::9\n"
    "near.example. A 192.0.2.77\nnear.example. AAAA 2001:db8::77:1\n"
    "alias.example. CNAME h.example.\n"
    "mail.example. MX 10 h.example.\nmail.example. MX 20 other.example.\n"
    "far.example. MX 10 other.example.\nfar.example. A 198.51.100.9\nfar.example. AAAA 2001:db8:9::9\n"
    "v1.example. TXT \"nothing\"\nslow.example. TXT \"nothing\"\n"
    "; FAULT slow.example. TIMEOUT\n"
    "1.2.0.192.in-addr.arpa. PTR h.example.\n9.100.51.198.in-addr.arpa. PTR other.example.\n"
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR h.example.\n"
    "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR other.example.\n"
    "pass.example. TXT \"v=spf1 +all\"\nfail.example. TXT \"v=spf1 -all\"\nsoft.example. TXT \"v=spf1 ~all\"\n"
    "plain.example. TXT \"v=spf1\"\nbad.example. TXT \"v=spf1 ip4:1.2.3 -all\"\n"
    "two.example. TXT \"v=spf1 +all\"\ntwo.example. TXT \"v=spf1 -all\"\n"
    "loop.example. TXT \"v=spf1 include:loop2.example -all\"\nloop2.example. TXT \"v=spf1 include:loop.example -all\"\n"
    "some.example. TXT \"v=spf1 a:h.example -all\"\nonward.example. TXT \"v=spf1 redirect=some.example\"\n"
    "deep.example. TXT \"v=spf1 include:some.example include:onward.example ?all\"\n"
    "many.example. TXT \"v=spf1 a:other.example a:far.example mx:far.example a:other.example a:far.example "
    "mx:far.example a:other.example a:far.example ?all\"\n"
    "u._at.example. A 127.0.0.2\n192.0.2.1.ip.example. A 127.0.0.2\n2.0.192.r.example. A 127.0.0.2\n"
    "helo.h.example. A 127.0.0.2\nin-addr.v.example. A 127.0.0.2\na-b.d.example. A 127.0.0.2\n"
    "b.a.d.example. A 127.0.0.2\nwhy.example. TXT \"%{i} may not, says %{d}\"\n";

/// Terms as records have them.
inline const std::vector<std::string>& sound_terms() {
  static const std::vector<std::string> terms{
      "a:h.example", "a:other.example", "a:alias.example", "a:near.example", "a:near.example/24", "a:near.example//64",
      "a:near.example/24//64", "a:near.example//96", "mx:mail.example", "mx:far.example", "mx:mail.example/24//48",
      "mx:far.example/8", "ip4:192.0.2.1", "ip4:192.0.2.0/24", "ip4:198.51.100.0/25", "ip4:203.0.113.5/0",
      "ip6:2001:db8::1", "ip6:2001:db8::/32", "ip6:2001:db8:9::/48", "ip6:::/0", "ip6:::ffff:192.0.2.1", "ptr:example",
      "ptr:h.example", "ptr:none.test", "include:pass.example", "include:fail.example", "include:soft.example",
      "include:plain.example", "include:some.example", "include:onward.example", "include:deep.example",
      "include:many.example", "exists:h.example", "A:h.example", "IP4:192.0.2.1", "Include:some.example", "all", "all",
      "ALL",
      // macros
      "exists:%{l}._at.example", "exists:%{i}.ip.example", "exists:%{i3r}.r.example", "exists:%{ir-}.ip.example",
      "a:%{d}", "mx:%{o}", "exists:%{l2+-}.d.example", "a:%%.example", "a:h%_.example", "exists:%{h}.example",
      "exists:%{v}.v.example", "exists:%{l}.d.example", "exists:%{l-}.d.example", "exists:%{lr-}.d.example",
      "a:%{h1}.example", "a:%{d1r}.example", "include:%{l1r+}.example", "a:h%-.example", "a:h.%{o1}", "ptr:%{o1}",
      "a:%{p}", "exists:%{p}", "a:%{L}.example", "include:some.%{d1}", "exists:%{S}.at.example"};
  return terms;
}

/// Terms that ask in vain, modifiers, and what is broken.
inline const std::vector<std::string>& odd_terms() {
  static const std::vector<std::string> terms{
      // without an answer
      "a:v1.example", "mx:v1.example", "exists:v2.example", "a:slow.example", "include:slow.example",
      "exists:slow.example", "include:none.example", "include:v1.example", "include:two.example",
      "include:loop.example", "a", "mx", "ptr",
      // modifiers
      "redirect=pass.example", "redirect=some.example", "redirect=fail.example", "redirect=none.example",
      "redirect=%{l}.example", "redirect=loop.example", "REDIRECT=soft.example", "exp=why.example", "exp=none.example",
      "x-new=anything", "x.y_z-1=%{d}", "new=", "new=%{x", "exp=%{q}", "new=100%",
      // broken
      "ip4:192.0.2", "ip4:192.0.2.256", "ip4:192.0.2.1/33", "ip4:192.0.2.1/", "ip4:192.0.2.01", "ip4",
      "ip4:192.0.2.1//24", "ip6:2001:db8::g", "ip6:2001:db8::/129", "ip6:1::2::3", "ip6", "a:", "a:h.example/33",
      "a:h.example//129", "a/", "a:h.example/024", "a//0", "mx:", "mx:h.example:25", "ptr:", "ptr/24", "include",
      "include:", "include:some.example/24", "exists", "exists:", "exists:h.example/32", "all:h.example", "all/0",
      "all.", "redirect=", "redirect", "exp=", "x", "-", "=", "=x", "1x=y", "a=b", "ip4=192.0.2.1", "++all", "+ all",
      "a:%{z}.example", "a:%{d", "a:%d.example", "a:%{d0}.example", "a:%{d-r}.example", "exists:%{ir3}.r.example",
      "a:%{r}.example", "a:%{t}.example", "a:%{c}.example", "a:example", "a:h.example.", "a:h..example", "a:.h.example",
      "a:192.0.2.1", "mx:192.0.2.1", "a:h_x.example", "a:h.123", "a:h.e-", "a:h.-e", "prt:h.example", "ipv4:192.0.2.1",
      "include:bad.example", "redirect=bad.example", "a:h.example,"};
  return terms;
}

/// Whole records, for what chance seldom finds.
inline constexpr std::array<const char*, 6> kWholeRecords{
    "v=spf1 new= new= -a:other.example",
    "v=spf1 redirect=pass.example REDIRECT=soft.example",
    "v=spf1 redirect=loop.example a:h.example include:many.example -all",
    "v=spf1 -ptr ?ptr:none.test ptr:h.example ~all",
    "v=spf1 exists:%{p} -ptr -all",
    "v=spf1 a:v1.example mx:v1.example exists:v2.example -all",
};

inline GeneratedSpf generate_spf(std::size_t number) {
  std::mt19937 random(7208);
  const auto below = [&](std::size_t most) { return static_cast<std::size_t>(random()) % most; };
  const auto& sound = sound_terms();
  const auto& odd = odd_terms();
  const auto any = [&](std::size_t turn) { return turn < sound.size() ? sound[turn] : odd[turn - sound.size()]; };
  const std::size_t terms = sound.size() + odd.size();
  constexpr std::array<const char*, 6> kClients{"::ffff:192.0.2.1", "192.0.2.1",   "192.0.2.200",
                                                "198.51.100.9",     "2001:db8::1", "2001:db8:9::9"};
  constexpr std::array<const char*, 9> kLocals{"u", "some", "a-b", "H", "x+h", "fail", "a.b", "\"a b\"", ""};
  constexpr std::array<const char*, 7> kQualifiers{"", "", "", "+", "-", "~", "?"};
  GeneratedSpf all{.zone = kGeneratedWorld, .cases = {}};
  for (std::size_t i = 0; i < number; ++i) {
    const std::string domain = fmt::format("d{}.example", i);
    std::string record = "v=spf1";
    const bool whole = i < kWholeRecords.size();
    const std::size_t length = 1 + below(4);
    // Each term has its turn; the others come by chance, and mostly of the sound ones.
    for (std::size_t k = 0; k < length; ++k) {
      const bool odd_one = below(4) == 0;
      const std::string term = any(k == 0 ? i % terms : below(odd_one ? terms : sound.size()));
      record += below(20) == 0 ? "  " : " ";
      if (term.find('=') == std::string::npos) record += kQualifiers.at(below(kQualifiers.size()));
      record += term;
    }
    record += std::array{"", "", " -all", " ~all"}.at(below(4));
    if (whole) record = kWholeRecords.at(i);
    all.zone += fmt::format("{}. TXT \"{}\"\n", domain, record);
    if (below(2) == 0) all.zone += fmt::format("{}. A 192.0.2.1\n{}. MX 5 h.example.\n", domain, domain);
    const std::string local = kLocals.at(below(kLocals.size()));
    all.cases.push_back({.record = record,
                         .client = whole ? "192.0.2.200" : kClients.at(below(kClients.size())),
                         .helo = local.empty() ? domain : "helo.h.example",
                         .mail_from = local.empty() ? "" : local + "@" + domain});
  }
  return all;
}

}  // namespace postern::test
