// A whole message, with all that authenticates it. The zone is fixed; the messages of the corpus were signed and sealed
// once (as tests/support/signed_mail.h does), and the private keys are gone.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "policy/evidence/evidence.h"
#include "tests/auth/message.h"
#include "tests/fuzz/oracle.h"
#include "tests/fuzz/signed_message_keys.h"

using namespace postern;
using fuzz::hold;

namespace {

constexpr std::int64_t kNow = 1'764'300'000;

constexpr std::string_view kRecords =
    "a.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "b.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
    "_dmarc.a.example. TXT \"v=DMARC1; p=reject; np=reject\"\n"
    "_dmarc.strict.example. TXT \"v=DMARC1; p=quarantine; adkim=s; aspf=s\"\n"
    "_dmarc.broken.example. TXT \"v=DMARC1; p=reject; p=none\"\n"
    "; FAULT _dmarc.down.example TXT SERVFAIL\n"
    "; FAULT s1._domainkey.down.example TXT SERVFAIL\n";

struct World {
  std::unique_ptr<dns::ZoneResolver> zone =
      dns::ZoneResolver::parse("zone", std::string(fuzz::kSignedMessageKeys).append(kRecords)).value();
  Counters counters;
  SystemClock clock;
  std::shared_ptr<const Backends> backends = std::make_shared<Backends>();
};

// Anything above the last two labels: no domain of the zone has more of its own.
std::string organization(const std::string& domain) {
  const auto labels = split(domain, '.');
  if (labels.size() < 2) return domain;
  return fmt::format("{}.{}", labels[labels.size() - 2], labels.back());
}

bool may_be_aligned(const std::string& domain, const std::string& author) {
  return organization(author) == "strict.example" ? domain == author : organization(domain) == organization(author);
}

bool speaks_for(const std::string& author, const spf::Result& spf, const std::vector<dkim::Result>& signatures) {
  if (spf.status == spf::Status::pass && may_be_aligned(spf.domain, author)) return true;
  return std::any_of(signatures.begin(), signatures.end(), [&](const dkim::Result& r) {
    return r.status == dkim::Status::pass && may_be_aligned(r.domain, author);
  });
}

// All that is found out, in words, where the body comes in pieces of `chunk` bytes.
std::string judge(World& world, const test::Message& message, std::string_view sender, std::size_t chunk) {
  Client client;
  client.ip = IpAddress::v4({192, 0, 2, 1});
  Sender from;
  from.path = Path::parse(sender);
  Evidence evidence({.backends = world.backends,
                     .dns = std::make_shared<dns::MessageResolver>(*world.zone, world.counters),
                     .client = std::make_shared<const Client>(client),
                     .greeting = std::make_shared<const Greeting>(),
                     .sender = std::make_shared<const Sender>(from),
                     .receiver = "mx.home.example",
                     .unix_time = kNow,
                     .clock = &world.clock,
                     .signatures = true});
  for (const HeaderField& field : message.header) evidence.field(field);
  const auto header = std::make_shared<const Header>(message.header);
  evidence.header_is(header, std::make_shared<const HeaderAddresses>(read_addresses(*header)));
  for (std::string_view rest = message.body; !rest.empty(); rest.remove_prefix(std::min(chunk, rest.size())))
    evidence.body(rest.substr(0, chunk));
  evidence.body_is_complete();

  const Deadline deadline(SteadyTime::max());
  const auto proof = evidence.author_proof(deadline);  // first: it asks the others itself
  const auto spf = evidence.spf(deadline);
  const auto dkim = evidence.dkim(deadline);
  const auto arc = evidence.arc(deadline);
  const auto dmarc = evidence.dmarc(deadline);
  hold(proof && spf && dkim && arc && dmarc, "who waits long enough has an answer");
  const auto& author = evidence.author().domain;
  hold(dmarc->value.has_value() == author.has_value(), "without an author there is no DMARC");
  hold((proof->value == Evidence::Proof::no_author) == !author, "an author or none");
  const bool spoken = author && speaks_for(author->text(), spf->value, dkim->value);
  if (author) {
    hold(dmarc->value->status != dmarc::Status::pass || spoken, "DMARC passes where an aligned identifier has passed");
    hold(proof->value != Evidence::Proof::proven || spoken, "an author is proven by an aligned identifier that passed");
    const bool down = author->text() == "down.example" && !spoken;
    hold(!down || dmarc->value->status == dmarc::Status::temperror, "a failure is never none");
  }

  std::string words = fmt::format("{} {} ", spf::name(spf->value.status), static_cast<int>(proof->value));
  for (const dkim::Result& r : dkim->value) words += fmt::format("{} {} ", dkim::name(r.status), r.reason);
  words += fmt::format("{} {} ", arc::name(arc->value.status), arc->value.reason);
  if (dmarc->value) words += fmt::format("{} {}", dmarc::name(dmarc->value->status), dmarc->value->reason);
  return words;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const test::Message message = test::read_message(fuzz::text_of(data, size));
  for (const char* sender : {"<eva@a.example>", "<x@far.example>", "<>"}) {
    const std::string whole = judge(world, message, sender, std::string::npos);
    hold(judge(world, message, sender, 1) == whole, "cut anywhere, a body is the same");
    hold(judge(world, message, sender, 67) == whole, "cut anywhere, a body is the same");
  }
  return 0;
}
