#include "policy/checks/mail_route.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace postern {

namespace {

using Verdict = MailRoute::Verdict;
using Ask = dns::AnswerPtr (dns::Resolver::*)(const dns::Question&, const Deadline&);

constexpr std::array kAddressTypes{dns::Type::a, dns::Type::aaaa};

// What DNS said of a question that it did not answer.
std::string told(const dns::Question& question, const dns::Answer& answer) {
  return fmt::format("{} {}: {}", question.name.text(), dns::name(question.type),
                     answer.problem.empty() ? dns::name(answer.status) : std::string_view(answer.problem));
}

// What is true of one mail host, and the words for it.
struct Judged {
  Verdict verdict;
  std::string reason;
  bool nxdomain = false;  // rests on an NXDOMAIN
};

// "[192.0.2.1]" too: what people write where a host name belongs.
bool is_address(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  return IpAddress::parse(text).has_value();
}

class Judge {
 public:
  Judge(const Site& site, dns::Resolver& dns, const Deadline& deadline)
      : ours_(Domain::parse(site.hostname)), our_addresses_(site.addresses), dns_(dns), deadline_(deadline) {}

  void announce(const Domain& host) const {
    for (const auto type : kAddressTypes) dns_.prefetch({host, type});
  }

  Judged host(const Domain& host, bool is_mx, Ask ask) const {
    if (host == ours_) return {Verdict::ourselves, fmt::format("{} is this host", host.text())};
    std::optional<Judged> best;
    const auto take = [&](Judged judged) {
      if (!best || judged.verdict < best->verdict) best = std::move(judged);
    };
    bool exists = false;
    for (const auto type : kAddressTypes) {
      const dns::AnswerPtr answer = (dns_.*ask)({host, type}, deadline_);
      if (answer->status != dns::Status::nxdomain) exists = true;
      if (const auto judged = by_answer({host, type}, *answer, is_mx)) take(*judged);
      if (best && best->verdict == Verdict::usable) break;  // nothing can be better, so nothing is waited for
    }
    if (best) return *best;
    return {Verdict::dangling, fmt::format("{} {}", host.text(), exists ? "has no address" : "does not exist"),
            !exists};
  }

 private:
  // Nothing where there are no addresses.
  std::optional<Judged> by_answer(const dns::Question& question, const dns::Answer& answer, bool is_mx) const {
    switch (answer.status) {
      case dns::Status::nxdomain:
      case dns::Status::nodata: return std::nullopt;
      case dns::Status::tempfail: return Judged{Verdict::unavailable, told(question, answer)};
      case dns::Status::bogus: return Judged{Verdict::bogus, told(question, answer)};
      case dns::Status::ok: break;
    }
    if (answer.addresses.empty()) return Judged{Verdict::unavailable, told(question, answer)};
    const std::string& host = question.name.text();
    Judged best{Verdict::dangling, {}};
    for (const IpAddress& address : answer.addresses) {
      const Verdict verdict = of(address);
      if (verdict < best.verdict) best = {verdict, fmt::format("{} is {}", host, address.text())};
    }
    if (best.verdict == Verdict::usable && is_mx && !answer.canonical_name.empty()) {  // RFC 2181 10.3, RFC 5321 5.1
      return Judged{Verdict::alias, fmt::format("{} is an alias of {}", host, answer.canonical_name)};
    }
    return best;
  }

  Verdict of(const IpAddress& address) const {
    const bool is_ours = std::find(our_addresses_.begin(), our_addresses_.end(), address) != our_addresses_.end();
    if (is_ours) return Verdict::ourselves;
    switch (classify(address)) {
      case AddressClass::global: return Verdict::usable;
      case AddressClass::loopback: return Verdict::loopback;
      case AddressClass::private_: return Verdict::private_;
      case AddressClass::bogon: return Verdict::bogon;
    }
    return Verdict::bogon;
  }

  const std::optional<Domain> ours_;
  const std::vector<IpAddress>& our_addresses_;
  dns::Resolver& dns_;
  const Deadline deadline_;
};

// The hosts of all MX records, the best first, each once.
std::vector<std::string> hosts_of(const dns::Answer& answer) {
  std::vector<std::string> hosts;
  for (const dns::Mx& mx : answer.mx) {
    if (std::find(hosts.begin(), hosts.end(), mx.host) == hosts.end()) hosts.push_back(mx.host);
  }
  return hosts;
}

// Adds what is true of one more host: the better verdict stays, the words of all are told.
void add(MailRoute& route, const Judged& judged) {
  route.verdict = std::min(route.verdict, judged.verdict);
  if (!route.reason.empty()) route.reason += ", ";
  route.reason += judged.reason;
}

MailRoute judge_hosts(const std::vector<std::string>& hosts, std::size_t most_hosts, bool is_mx, const Judge& judge) {
  const std::size_t looked_at = std::min(hosts.size(), most_hosts);
  MailRoute route{.verdict = Verdict::broken, .reason = {}, .capped = looked_at < hosts.size()};
  std::vector<Domain> names;
  for (std::size_t i = 0; i < looked_at; ++i) {
    const auto name = Domain::parse(hosts[i]);
    if (is_address(hosts[i]))
      add(route, {Verdict::literal, fmt::format("{} is an address, no name", hosts[i])});
    else if (!name)
      add(route, {Verdict::broken, fmt::format("\"{}\" is no host name", hosts[i].empty() ? "." : hosts[i])});
    else
      names.push_back(*name);
  }
  for (const Domain& name : names) judge.announce(name);
  std::vector<Domain> absent;
  for (const Domain& name : names) {
    const Judged judged = judge.host(name, is_mx, &dns::Resolver::query);
    add(route, judged);
    if (judged.verdict == Verdict::usable) return route;
    if (judged.nxdomain) absent.push_back(name);
  }
  if (route.verdict <= Verdict::bogus) return route;
  for (const Domain& name : absent) {  // FAULTS T39: what a cache says is not enough for a refusal
    const Judged judged = judge.host(name, is_mx, &dns::Resolver::query_uncached);
    if (judged.verdict < Verdict::dangling) add(route, judged);
  }
  if (route.capped) route.reason += fmt::format(" ({} of {} hosts looked at)", looked_at, hosts.size());
  return route;
}

MailRoute of_domain(Verdict verdict, std::string reason) { return {.verdict = verdict, .reason = std::move(reason)}; }

MailRoute by_mx(const Domain& domain, const std::vector<std::string>& hosts, std::size_t most_hosts,
                const Judge& judge) {
  if (hosts.empty())
    return of_domain(Verdict::unavailable, fmt::format("{} MX: an answer without records", domain.text()));
  // RFC 7505 3 writes preference 0; local: another number means the same, as Postfix reads it.
  const bool is_null = hosts.size() == 1 && hosts.front().empty();
  if (is_null) return of_domain(Verdict::null_mx, fmt::format("{} has a null MX", domain.text()));
  return judge_hosts(hosts, most_hosts, true, judge);
}

}  // namespace

MailRoute find_mail_route(const Domain& domain, const Site& site, std::size_t most_hosts, dns::Resolver& dns,
                          const Deadline& deadline) {
  const dns::Question question{domain, dns::Type::mx};
  dns::AnswerPtr mx = dns.query(question, deadline);
  if (mx->status == dns::Status::nxdomain) mx = dns.query_uncached(question, deadline);  // FAULTS T39
  const Judge judge(site, dns, deadline);
  switch (mx->status) {
    case dns::Status::nxdomain: return of_domain(Verdict::nxdomain, fmt::format("{} does not exist", domain.text()));
    case dns::Status::tempfail: return of_domain(Verdict::unavailable, told(question, *mx));
    case dns::Status::bogus: return of_domain(Verdict::bogus, told(question, *mx));
    case dns::Status::ok: return by_mx(domain, hosts_of(*mx), most_hosts, judge);
    case dns::Status::nodata: break;
  }
  MailRoute route = judge_hosts({domain.text()}, 1, false, judge);  // RFC 5321 5.1: the implicit MX
  if (route.verdict == Verdict::dangling) {
    return of_domain(Verdict::no_address, fmt::format("{} has neither MX nor address", domain.text()));
  }
  route.reason = "no MX, " + route.reason;
  return route;
}

MailRoute find_way_back(const Domain& domain, std::size_t most_hosts, const Context& c) {
  const rules::List::Answer ours = c.site.domains->contains(domain, c.unix_time);
  if (ours == rules::List::Answer::yes) return of_domain(Verdict::usable, fmt::format("{} is ours", domain.text()));
  const bool is_this_host = Domain::parse(c.site.hostname) == domain;
  if (is_this_host) return of_domain(Verdict::usable, fmt::format("{} is this host", domain.text()));
  MailRoute route = find_mail_route(domain, c.site, most_hosts, c.dns, c.deadline);
  if (ours == rules::List::Answer::unavailable && route.verdict > Verdict::bogus) {  // it may be ours
    route.verdict = Verdict::unavailable;
    route.reason = fmt::format("site.domains is not available; {}", route.reason);
  }
  return route;
}

}  // namespace postern
