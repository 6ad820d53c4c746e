#include "policy/checks/sender_domain.h"

#include <array>
#include <cstddef>
#include <utility>

#include "policy/checks/mail_route.h"

namespace postern {

namespace {

// clang-format off
enum : std::size_t {
  kOk, kNoDomain, kMalformed, kAddressLiteral, kNxdomain, kNoAddress, kNullMx, kDangling, kMxBroken, kMxLiteral,
  kMxCname, kMxLoopback, kMxPrivate, kMxBogon, kMxOurselves, kUnavailable, kBogus
};
constexpr std::array<Outcome, 17> kOutcomes{{
    {"ok",              {},                                                                   ""},
    {"no-domain",       {553, {1, 7},  "Sender address has no domain"},                       "RFC 5321 2.3.5"},
    {"malformed",       {553, {1, 7},  "Sender address is malformed"},                        "RFC 5321 4.1.2"},
    {"address-literal", {550, {1, 8},  "Sender address has no domain name"},                  "RFC 5321 4.1.3"},
    {"nxdomain",        {550, {1, 8},  "Sender domain does not exist"},                       "RFC 5321 2.3.5"},
    {"no-address",      {550, {1, 8},  "Sender domain has no mail host"},                     "RFC 5321 5.1"},
    {"null-mx",         {550, {7, 27}, "Sender domain accepts no mail"},                      "RFC 7505 4.2"},
    {"dangling",        {550, {1, 8},  "No mail host of the sender domain has an address"},   "RFC 5321 5.1"},
    {"mx-broken",       {550, {1, 8},  "MX of the sender domain is no host name"},            "RFC 7505 3"},
    {"mx-literal",      {550, {1, 8},  "MX of the sender domain is an address, not a name"},  "RFC 1035 3.3.9"},
    {"mx-cname",        {550, {1, 8},  "MX of the sender domain is an alias"},                "RFC 2181 10.3"},
    {"mx-loopback",     {550, {1, 8},  "MX of the sender domain is a loopback address"},      "RFC 6890 2.2.2"},
    {"mx-private",      {550, {1, 8},  "MX of the sender domain is a private address"},       "RFC 1918 3"},
    {"mx-bogon",        {550, {1, 8},  "MX of the sender domain is an impossible address"},   "RFC 6890 2.2"},
    {"mx-ourselves",    {550, {1, 8},  "MX of the sender domain is us, who do not serve it"}, "RFC 5321 5.1"},
    {"unavailable",     {451, {4, 3},  "Sender domain not verified yet"},                     "RFC 5321 4.2", Failure::yes},
    {"bogus",           {451, {4, 3},  "Sender domain fails DNSSEC"},                         "RFC 4035 5.5", Failure::yes},
}};
// clang-format on

std::size_t outcome_of(MailRoute::Verdict verdict) {
  using Verdict = MailRoute::Verdict;
  switch (verdict) {
    case Verdict::usable: return kOk;
    case Verdict::unavailable: return kUnavailable;
    case Verdict::bogus: return kBogus;
    case Verdict::alias: return kMxCname;
    case Verdict::ourselves: return kMxOurselves;
    case Verdict::loopback: return kMxLoopback;
    case Verdict::private_: return kMxPrivate;
    case Verdict::bogon: return kMxBogon;
    case Verdict::literal: return kMxLiteral;
    case Verdict::dangling: return kDangling;
    case Verdict::broken: return kMxBroken;
    case Verdict::null_mx: return kNullMx;
    case Verdict::no_address: return kNoAddress;
    case Verdict::nxdomain: return kNxdomain;
  }
  return kUnavailable;
}

class SenderDomain final : public Check {
 public:
  explicit SenderDomain(std::size_t most_hosts) : most_hosts_(most_hosts) {}

  Finding run(const Context& c) const override {
    const Path& path = c.mail.sender->path;
    if (path.null) return {&kOutcomes[kOk], "null reverse-path"};  // RFC 5321 4.5.5
    if (!path.mailbox) return {&kOutcomes[kMalformed], path.text()};
    if (path.mailbox->literal) return {&kOutcomes[kAddressLiteral], path.text()};
    if (!path.mailbox->domain) return {&kOutcomes[kNoDomain], path.text()};
    MailRoute route = find_way_back(*path.mailbox->domain, most_hosts_, c);
    if (route.capped) c.count("checks.sender-domain.mx-capped");
    return {&kOutcomes[outcome_of(route.verdict)], std::move(route.reason)};
  }

 private:
  const std::size_t most_hosts_;
};

std::unique_ptr<const Check> build(Settings& s) {
  // Postfix tries 5 addresses (smtp_mx_address_limit): a domain whose 5 best hosts do not work gets no mail from it.
  const auto most_hosts = s.number("mx-hosts", 5, 1, 6, "how many mail hosts are looked at, the best first");
  return std::make_unique<SenderDomain>(static_cast<std::size_t>(most_hosts));
}

}  // namespace

constexpr CheckType kSenderDomain{.name = "sender-domain",
                                  .stage = Stage::sender,
                                  .scope = Scope::message,
                                  .start = Start::early,
                                  .outcomes = kOutcomes,
                                  .unavailable = Unavailable::defer,  // FAULTS 3
                                  .timeout = std::chrono::seconds(8),
                                  .questions = 26,  // 2 for the domain, 4 for each of 6 hosts
                                  .build = build};

}  // namespace postern
