#include "policy/checks/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/auth/crypto.h"
#include "policy/auth/spf/spf.h"
#include "policy/base/text.h"

namespace postern {

namespace {

// clang-format off
enum : std::size_t { kNone, kOk, kNoMailHost, kDmarcFails, kSpfFails, kDkimFails, kUnavailable };
constexpr std::array<Outcome, 7> kOutcomes{{
    {"none",         {},                                                                          ""},
    {"ok",           {},                                                                          ""},
    {"no-mail-host", {550, {1, 8},  "Nobody could answer: this domain of ours has no mail host"}, "RFC 5321 5.1"},
    {"dmarc-fails",  {550, {7, 26}, "Others would refuse this: our domain would fail DMARC"},     "RFC 9989 4.4"},
    {"spf-fails",    {550, {7, 23}, "Others may refuse this: SPF of our domain leaves us out"},   "RFC 7208 2.6"},
    {"dkim-fails",   {550, {7, 20}, "Others may refuse this: a DKIM key of ours is not there"},   "RFC 6376 3.6.2"},
    {"unavailable",  {451, {4, 3},  "Our own domain could not be looked up yet"},                 "RFC 5321 4.2", Failure::yes},
}};
// clang-format on

// What others would find of one message.
struct Sight {
  std::vector<std::string> problems;
  bool mail_host = true, spf = true, dkim = true, dmarc = true;
  bool unsure = false;
};

bool failed(const dns::Answer& answer) {
  return answer.status == dns::Status::tempfail || answer.status == dns::Status::bogus;
}

void look_for_mail_host(const Domain& domain, const Context& c, Sight& sight) {
  const dns::AnswerPtr mx = c.dns.query({domain, dns::Type::mx}, c.deadline);
  bool found = mx->status == dns::Status::ok && !mx->mx.front().host.empty();  // RFC 7505 3
  sight.unsure = sight.unsure || failed(*mx);
  if (mx->status == dns::Status::nodata) {  // RFC 5321 5.1: the implicit MX
    const dns::Answer host = dns::addresses(c.dns, domain, c.deadline);
    if (failed(host)) {
      sight.unsure = true;
      return;
    }
    found = host.status == dns::Status::ok;
  }
  if (found || failed(*mx)) return;
  sight.mail_host = false;
  sight.problems.push_back(fmt::format("{} has no mail host", domain.text()));
}

// Does SPF let every address pass that our mail leaves from?
bool passes_spf(const std::vector<IpAddress>& egress, const Context& c, Sight& sight) {
  const std::string sender = c.mail.sender->path.text();
  bool all = true;
  for (const IpAddress& address : egress) {
    const spf::Query query{.client = address,
                           .helo = c.site.hostname,
                           .mail_from = sender,
                           .receiver = c.site.hostname,
                           .unix_time = c.unix_time};
    const spf::Result result = spf::check(query, c.dns, c.deadline);
    if (result.status == spf::Status::pass) continue;
    all = false;
    if (result.status == spf::Status::temperror)
      sight.unsure = true;
    else
      sight.problems.push_back(
          fmt::format("SPF of {} says {} of {}", result.domain, name(result.status), address.text()));
  }
  return all;
}

bool holds(const dns::Answer& answer, const crypto::PrivateKey& key, const Context& c) {
  const std::string wanted = key.public_text();
  for (std::string text : answer.texts) {
    const auto record = c.backends.keys->parse(text);
    if (record->key == nullptr) continue;
    std::erase_if(text, [](char byte) { return byte == ' ' || byte == '\t'; });
    if (text.find(wanted) != std::string::npos) return true;
    const std::string digest = crypto::digest(crypto::Hash::sha256, wanted);
    const auto signature = key.sign(crypto::Hash::sha256, digest);  // an RSA key has two forms (RFC 6376 3.6.1)
    if (signature && record->key->verify(crypto::Hash::sha256, digest, *signature)) return true;
  }
  return false;
}

// Of the keys that we sign with: is each where others look for it? The domains of those that are.
std::vector<Domain> published(const std::vector<const dkim::SigningKey*>& keys, const Context& c, Sight& sight) {
  std::vector<Domain> domains;
  for (const dkim::SigningKey* key : keys) {
    const auto place = dkim::key_name(key->selector, key->domain);
    const auto domain = Domain::parse(key->domain);
    if (!place || !domain) continue;
    const dns::AnswerPtr answer = c.dns.query({*place, dns::Type::txt}, c.deadline);
    if (failed(*answer)) {
      sight.unsure = true;
    } else if (holds(*answer, *key->key, c)) {
      domains.push_back(*domain);
    } else {
      sight.dkim = false;
      sight.problems.push_back(fmt::format(
          "{} {}", place->text(), answer->has_records() ? "is not the key that we sign with" : "is not there"));
    }
  }
  return domains;
}

void foresee_dmarc(const Domain& author, std::optional<Domain> by_spf, const std::vector<Domain>& by_dkim,
                   const Context& c, Sight& sight) {
  dmarc::Input input{.author = author, .spf = std::move(by_spf), .dkim = {}, .model = c.backends.authentication.model};
  for (const Domain& domain : by_dkim) input.dkim.push_back({domain});
  const dmarc::Result result = dmarc::evaluate(input, c.dns, c.deadline);
  if (result.status == dmarc::Status::temperror) sight.unsure = true;
  if (result.status != dmarc::Status::fail) return;
  sight.dmarc = false;
  sight.problems.push_back(fmt::format("{} asks to {} what we send as {}", result.policy_domain->text(),
                                       name(result.policy), author.text()));
}

std::size_t outcome_of(const Sight& sight) {
  if (!sight.mail_host) return kNoMailHost;
  if (!sight.dmarc && !sight.unsure) return kDmarcFails;
  if (!sight.spf && !sight.unsure) return kSpfFails;
  if (!sight.dkim) return kDkimFails;
  return sight.unsure ? kUnavailable : kOk;
}

class Preflight final : public Check {
 public:
  explicit Preflight(std::vector<IpAddress> egress) : egress_(std::move(egress)) {}

  Finding run(const Context& c) const override {
    if (c.mail.direction != Direction::submission && c.mail.direction != Direction::local)
      return {&kOutcomes[kNone], "not of our users"};
    const dmarc::Author author = dmarc::author(*c.mail.addresses);
    if (!author.domain || !c.site.is_ours(*author.domain, c.unix_time))
      return {&kOutcomes[kNone], "the author's domain is none of ours"};
    Sight sight;
    look_for_mail_host(*author.domain, c, sight);
    const std::vector<IpAddress>& egress = egress_.empty() ? c.site.addresses : egress_;
    const Path& path = c.mail.sender->path;
    const bool spf_known = !egress.empty() && path.mailbox && path.mailbox->domain;
    sight.spf = !spf_known || passes_spf(egress, c, sight);
    const auto keys =
        c.signing == nullptr ? std::vector<const dkim::SigningKey*>() : keys_for(*c.signing, *author.domain);
    const std::vector<Domain> signed_by = published(keys, c, sight);
    // Without knowing where our mail leaves from and who signs it, nothing can be foreseen.
    if (spf_known || !keys.empty())
      foresee_dmarc(*author.domain, spf_known && sight.spf ? path.mailbox->domain : std::nullopt, signed_by, c, sight);
    return {&kOutcomes[outcome_of(sight)], join(sight.problems, "; ")};
  }

 private:
  const std::vector<IpAddress> egress_;
};

std::unique_ptr<const Check> build(Settings& s) {
  std::vector<IpAddress> egress;
  for (const std::string& text :
       s.texts("egress", "site.addresses", "the addresses that our mail leaves from; SPF must let them pass")) {
    if (const auto address = IpAddress::parse(text))
      egress.push_back(*address);
    else if (const Node* node = s.node("egress", "", "", ""))
      s.problems().error(node->where, fmt::format("checks.preflight.egress: \"{}\" is no address", printable(text)));
  }
  return std::make_unique<Preflight>(std::move(egress));
}

}  // namespace

constexpr CheckType kPreflight{.name = "preflight",
                               .stage = Stage::headers,
                               .scope = Scope::message,
                               .start = Start::early,
                               .outcomes = kOutcomes,
                               .unavailable = Unavailable::skip,
                               .timeout = std::chrono::seconds(8),
                               .questions = 60,
                               .build = build};

}  // namespace postern
