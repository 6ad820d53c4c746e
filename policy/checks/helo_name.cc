#include "policy/checks/helo_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "policy/mail/address_syntax.h"

namespace postern {

namespace {

// clang-format off
enum : std::size_t {
  kNone, kOk, kLiteral, kMissing, kMalformed, kBareAddress, kUnqualified, kFalseLiteral, kOurselves, kOurDomain, kNxdomain, kNoAddress, kMismatch,
  kUnavailable, kBogus
};
constexpr std::array<Outcome, 15> kOutcomes{{
    {"none",          {},                                                             ""},
    {"ok",            {},                                                             ""},
    {"literal",       {},                                                             "RFC 5321 4.1.3"},
    {"missing",       {550, {7, 1}, "HELO or EHLO is missing"},                       "RFC 5321 4.1.1.1"},
    {"malformed",     {550, {7, 1}, "HELO name is malformed"},                        "RFC 5321 4.1.1.1"},
    {"bare-address",  {550, {7, 1}, "HELO name is an address without brackets"},      "RFC 5321 4.1.3"},
    {"unqualified",   {550, {7, 1}, "HELO name is no full name"},                     "RFC 5321 2.3.5"},
    {"false-literal", {550, {7, 1}, "HELO names another address than yours"},         "RFC 5321 4.1.3"},
    {"ourselves",     {550, {7, 1}, "HELO names us, and you are somebody else"},      "RFC 5321 4.1.1.1"},
    {"our-domain",    {550, {7, 1}, "HELO names our domain, and does not lead to you"}, "RFC 5321 4.1.1.1"},
    {"nxdomain",      {550, {7, 1}, "HELO name does not exist"},                      "RFC 5321 2.3.5"},
    {"no-address",    {550, {7, 1}, "HELO name has no address"},                      "RFC 5321 2.3.5"},
    {"mismatch",      {550, {7, 1}, "HELO name does not lead to you"},                "RFC 5321 4.1.4"},
    {"unavailable",   {451, {4, 3}, "HELO name not verified yet"},                    "RFC 5321 4.2", Failure::yes},
    {"bogus",         {451, {4, 3}, "HELO name fails DNSSEC"},                        "RFC 4035 5.5", Failure::yes},
}};
// clang-format on

Finding finding(std::size_t outcome, std::string reason = {}) { return {&kOutcomes[outcome], std::move(reason)}; }

bool is_own_address(const IpAddress& address, const Site& site) {
  return std::find(site.addresses.begin(), site.addresses.end(), address) != site.addresses.end();
}

bool is_one_of_ours(const IpAddress& address, const Site& site) {
  const auto holds = [&](const Network& network) { return network.contains(address); };
  return is_own_address(address, site) || std::any_of(site.networks.begin(), site.networks.end(), holds);
}

// A name is sought in DNS in at most three steps, each of which may end the search.
class Search {
 public:
  Search(const Domain& name, const IpAddress& client, const Context& c) : name_(name), client_(client), c_(c) {}

  Finding run() {
    const auto own = client_.is_v4() ? dns::Type::a : dns::Type::aaaa;
    const auto other = client_.is_v4() ? dns::Type::aaaa : dns::Type::a;
    for (const auto type : {own, other}) c_.dns.prefetch({name_, type});
    dns::AnswerPtr answer = c_.dns.query({name_, own}, c_.deadline);
    if (answer->status == dns::Status::nxdomain)
      answer = c_.dns.query_uncached({name_, own}, c_.deadline);  // FAULTS T39
    if (answer->status == dns::Status::nxdomain)
      return finding(kNxdomain, fmt::format("{} does not exist", name_.text()));
    if (auto failed = failure(*answer, own)) return std::move(*failed);
    const auto& found = answer->addresses;
    if (std::find(found.begin(), found.end(), client_) != found.end()) return finding(kOk, name_.text());
    if (!found.empty()) return leads_elsewhere(found.front().text());
    return without_own_address(other);
  }

 private:
  // RFC 5321 2.3.5: a name is good with an address of the other kind too, or with an MX.
  Finding without_own_address(dns::Type other) {
    const dns::AnswerPtr address = c_.dns.query({name_, other}, c_.deadline);
    if (auto failed = failure(*address, other)) return std::move(*failed);
    if (!address->addresses.empty()) return leads_elsewhere(address->addresses.front().text());
    const dns::AnswerPtr mx = c_.dns.query({name_, dns::Type::mx}, c_.deadline);
    if (auto failed = failure(*mx, dns::Type::mx)) return std::move(*failed);
    if (!mx->mx.empty()) return leads_elsewhere("a mail host");
    return finding(kNoAddress, fmt::format("{} has neither address nor MX", name_.text()));
  }

  Finding leads_elsewhere(std::string_view where) const {
    return finding(kMismatch, fmt::format("{} is {}, not {}", name_.text(), where, client_.text()));
  }

  std::optional<Finding> failure(const dns::Answer& answer, dns::Type type) const {
    const bool bogus = answer.status == dns::Status::bogus;
    if (!bogus && answer.status != dns::Status::tempfail) return std::nullopt;
    return finding(bogus ? kBogus : kUnavailable,
                   fmt::format("{} {}: {}", name_.text(), dns::name(type),
                               answer.problem.empty() ? dns::name(answer.status) : std::string_view(answer.problem)));
  }

  const Domain& name_;
  const IpAddress& client_;
  const Context& c_;
};

Finding judge_address(const IpAddress& address, bool in_brackets, const IpAddress& client, const Site& site) {
  if (is_own_address(address, site)) return finding(kOurselves, fmt::format("{} is ours", address.text()));
  if (!in_brackets) return finding(kBareAddress, address.text());
  if (address == client) return finding(kLiteral, address.text());
  return finding(kFalseLiteral, fmt::format("{}, not {}", address.text(), client.text()));
}

// Our own name from outside; but a host of ours may come back through a bridge or an address translation.
Finding judge_our_name(const Domain& name, const IpAddress& client, Finding found) {
  const bool ours = found.outcome == &kOutcomes[kOk];
  const AddressClass from = classify(client);
  const bool near = from == AddressClass::private_ || from == AddressClass::loopback;
  if (ours || near || found.outcome->failure == Failure::yes) return found;
  return finding(kOurselves, fmt::format("{} is this host", name.text()));
}

Finding judge_name(std::string_view helo, const IpAddress& client, const Context& c) {
  const bool is_ascii =
      std::all_of(helo.begin(), helo.end(), [](char ch) { return static_cast<unsigned char>(ch) < 0x80; });
  // RFC 6531 3.7.1: A-labels alone. local: underscores are taken, as many MTAs take them.
  const auto name = is_ascii ? Domain::parse(helo) : std::nullopt;
  if (!name) return finding(kMalformed, std::string(helo));
  if (name->labels().size() == 1) return finding(kUnqualified, name->text());
  if (name == Domain::parse(c.mail.client->name)) return finding(kOk, fmt::format("{} by its PTR", name->text()));
  const rules::List::Answer ours = c.site.domains->contains(*name, c.unix_time);
  Finding found = Search(*name, client, c).run();
  if (name == Domain::parse(c.site.hostname)) return judge_our_name(*name, client, std::move(found));
  if (ours == rules::List::Answer::no || found.outcome->reply.code / 100 != 5) return found;
  // A branch of ours, elsewhere, greets with a name that leads to it; nobody else has a name of ours.
  if (ours == rules::List::Answer::yes)
    return finding(kOurDomain, fmt::format("one of site.domains; {}", found.reason));
  return finding(kUnavailable, fmt::format("site.domains is not available; {}", found.reason));
}

class HeloName final : public Check {
 public:
  Finding run(const Context& c) const override {
    const Client& client = *c.mail.client;
    if (client.local || !client.ip) return finding(kNone, "no client address");
    const std::string_view helo = c.mail.greeting->helo;
    if (helo.empty()) return finding(kMissing);
    if (is_one_of_ours(*client.ip, c.site))
      return finding(kNone, fmt::format("{} is in our networks", client.ip->text()));
    if (const auto literal = address_syntax::parse_literal(helo))
      return judge_address(*literal, true, *client.ip, c.site);
    if (const auto address = IpAddress::parse(helo)) return judge_address(*address, false, *client.ip, c.site);
    return judge_name(helo, *client.ip, c);
  }
};

std::unique_ptr<const Check> build(Settings&) { return std::make_unique<HeloName>(); }

}  // namespace

constexpr CheckType kHeloName{
    .name = "helo-name",
    .stage = Stage::sender,  // fixed at MAIL: HELO may come again
    .scope = Scope::message,
    .start = Start::early,
    .outcomes = kOutcomes,
    .unavailable = Unavailable::skip,
    .timeout = std::chrono::seconds(4),  // local: a name that hardly matters does not hold up mail
    .questions = 4,                      // A, AAAA, MX, and one again
    .build = build};

}  // namespace postern
