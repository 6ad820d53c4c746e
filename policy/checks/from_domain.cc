#include "policy/checks/from_domain.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "policy/checks/mail_route.h"

namespace postern {

namespace {

// clang-format off
enum : std::size_t {
  kOk, kMissing, kSeveralFields, kMalformed, kNobody, kAmbiguous, kNoSender, kNoDomain, kAddressLiteral, kTooManyDomains, kNxdomain,
  kNoAddress, kNullMx, kNoMailHost, kSeveralDomains, kUnavailable, kBogus
};
constexpr std::array<Outcome, 17> kOutcomes{{
    {"ok",               {},                                                                     ""},
    {"missing",          {550, {6, 0},  "From field is missing"},                                "RFC 5322 3.6"},
    {"several-fields",   {550, {6, 0},  "More than one From field"},                             "RFC 5322 3.6"},
    {"malformed",        {550, {6, 0},  "From field is malformed"},                              "RFC 5322 3.6.2"},
    {"nobody",           {550, {6, 0},  "From field names no address"},                          "RFC 6854 2"},
    {"ambiguous",        {550, {6, 0},  "From field can be read in more than one way"},          "RFC 5322 4.4"},
    {"no-sender",        {550, {6, 0},  "Several authors, and no Sender field"},                 "RFC 5322 3.6.2"},
    {"no-domain",        {550, {6, 0},  "Author address has no domain"},                         "RFC 5322 3.4.1"},
    {"address-literal",  {550, {1, 8},  "Author address has no domain name"},                    "RFC 5321 4.1.3"},
    {"too-many-domains", {550, {6, 0},  "Authors of too many domains"},                          "RFC 5322 3.6.2"},
    {"nxdomain",         {550, {1, 8},  "Domain of the From address does not exist"},            "RFC 5321 2.3.5"},
    {"no-address",       {550, {1, 8},  "Domain of the From address has no mail host"},          "RFC 5321 5.1"},
    {"null-mx",          {550, {7, 27}, "Domain of the From address accepts no mail"},           "RFC 7505 4.2"},
    {"no-mail-host",     {550, {1, 8},  "No mail host of the From domain can be reached"},       "RFC 5321 5.1"},
    {"several-domains",  {550, {6, 0},  "Authors of several domains"},                           "RFC 5322 3.6.2"},
    {"unavailable",      {451, {4, 3},  "Domain of the From address not verified yet"},          "RFC 5321 4.2", Failure::yes},
    {"bogus",            {451, {4, 3},  "Domain of the From address fails DNSSEC"},              "RFC 4035 5.5", Failure::yes},
}};
// clang-format on

std::size_t outcome_of(MailRoute::Verdict verdict) {
  using Verdict = MailRoute::Verdict;
  switch (verdict) {
    case Verdict::usable:
    case Verdict::alias: return kOk;  // it works
    case Verdict::unavailable: return kUnavailable;
    case Verdict::bogus: return kBogus;
    case Verdict::ourselves:
    case Verdict::loopback:
    case Verdict::private_:
    case Verdict::bogon:
    case Verdict::literal:
    case Verdict::dangling:
    case Verdict::broken: return kNoMailHost;
    case Verdict::null_mx: return kNullMx;
    case Verdict::no_address: return kNoAddress;
    case Verdict::nxdomain: return kNxdomain;
  }
  return kUnavailable;
}

Finding finding(std::size_t outcome, std::string reason = {}) { return {&kOutcomes[outcome], std::move(reason)}; }

// The first address for which `wrong` holds.
template <class Wrong>
const HeaderAddress* first(const AddressList& from, Wrong wrong) {
  const auto found = std::find_if(from.addresses.begin(), from.addresses.end(), wrong);
  return found == from.addresses.end() ? nullptr : &*found;
}

std::string told(const HeaderAddress& address) { return fmt::format("{}: {}", name(address.fault), address.raw); }

// RFC 5322 3.6.2: one mailbox.
bool names_one_sender(const HeaderAddresses& header) {
  return header.sender.size() == 1 && header.sender.front().addresses.size() == 1 &&
         header.sender.front().addresses.front().mailbox;
}

// What is wrong with the field itself; nothing where every author has a domain.
std::optional<Finding> wrong_field(const HeaderAddresses& header, const Context& c) {
  if (header.from.empty()) return finding(kMissing);
  if (header.from.size() > 1) return finding(kSeveralFields, fmt::format("{} From fields", header.from.size()));
  const AddressList& from = header.from.front();
  if (const auto* bad = first(from, [](const HeaderAddress& a) { return !a.mailbox; })) {
    if (bad->fault == AddressFault::too_many || bad->fault == AddressFault::too_long)
      c.count("checks.from-domain.capped");
    return finding(kMalformed, told(*bad));
  }
  if (from.addresses.empty())
    return from.groups > 0 ? finding(kNobody, "a group without members") : finding(kMalformed, "no address");
  if (const auto* bad = first(from, [](const HeaderAddress& a) { return a.fault != AddressFault::none; }))
    return finding(kAmbiguous, told(*bad));
  if (from.addresses.size() > 1 && !names_one_sender(header))
    return finding(kNoSender, fmt::format("{} authors", from.addresses.size()));
  if (const auto* bad = first(from, [](const HeaderAddress& a) { return !a.mailbox->domain && !a.mailbox->literal; }))
    return finding(kNoDomain, bad->raw);
  if (const auto* bad = first(from, [](const HeaderAddress& a) { return !a.mailbox->domain; }))
    return finding(kAddressLiteral, bad->raw);
  return std::nullopt;
}

// Of all authors, each once, in the order of the field.
std::vector<Domain> domains_of(const AddressList& from) {
  std::vector<Domain> domains;
  for (const HeaderAddress& address : from.addresses) {
    if (std::find(domains.begin(), domains.end(), *address.mailbox->domain) == domains.end())
      domains.push_back(*address.mailbox->domain);
  }
  return domains;
}

class FromDomain final : public Check {
 public:
  FromDomain(std::size_t most_domains, std::size_t most_hosts) : most_domains_(most_domains), most_hosts_(most_hosts) {}

  Finding run(const Context& c) const override {
    if (auto wrong = wrong_field(*c.mail.addresses, c)) return std::move(*wrong);
    const std::vector<Domain> domains = domains_of(c.mail.addresses->from.front());
    if (domains.size() > most_domains_) {
      c.count("checks.from-domain.domains-capped");
      return finding(kTooManyDomains, fmt::format("{} domains", domains.size()));
    }
    for (const Domain& domain : domains) {
      if (!c.site.is_ours(domain, c.unix_time)) c.dns.prefetch({domain, dns::Type::mx});
    }
    std::string reason;
    for (const Domain& domain : domains) {
      Finding one = of_domain(domain, c);
      if (one.outcome != &kOutcomes[kOk]) return one;  // the first that is wrong decides, whatever the others are
      if (!reason.empty()) reason += ", ";
      reason += one.reason;
    }
    return finding(domains.size() > 1 ? kSeveralDomains : kOk, std::move(reason));
  }

 private:
  Finding of_domain(const Domain& domain, const Context& c) const {
    MailRoute route = find_way_back(domain, most_hosts_, c);
    if (route.capped) c.count("checks.from-domain.mx-capped");
    return finding(outcome_of(route.verdict), std::move(route.reason));
  }

  const std::size_t most_domains_;
  const std::size_t most_hosts_;
};

std::unique_ptr<const Check> build(Settings& s) {
  const auto most_domains = s.number("domains", 3, 1, 10, "authors of more domains are too many; none is asked about");
  const auto most_hosts = s.number("mx-hosts", 3, 1, 6, "how many mail hosts of each are looked at, the best first");
  return std::make_unique<FromDomain>(static_cast<std::size_t>(most_domains), static_cast<std::size_t>(most_hosts));
}

}  // namespace

constexpr CheckType kFromDomain{.name = "from-domain",
                                .stage = Stage::headers,
                                .scope = Scope::message,
                                .start = Start::early,
                                .outcomes = kOutcomes,
                                .unavailable = Unavailable::skip,
                                .timeout = std::chrono::seconds(8),
                                .questions = 42,  // 2 for each of 3 domains, 4 for each of their 3 hosts
                                .build = build};

}  // namespace postern
