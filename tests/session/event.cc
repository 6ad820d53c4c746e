#include "tests/session/event.h"

#include <libmilter/mfapi.h>

#include <iterator>

namespace postern::session {

namespace {

using Domain = SenderWord::Domain;
using Local = RecipientWord::Local;

constexpr unsigned long kAllActions = 0x1ff;
constexpr unsigned long kAllSteps = 0x1fffff;
constexpr unsigned long kNoReplies = SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_DATA |
                                     SMFIP_NR_UNKN | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_NR_HDR;

}  // namespace

const ClientWord kClients[7] = {
    {"mx.fine.test", "8.8.8.8", "smtpd", false},
    {"[8.8.4.4]", "8.8.4.4", "smtpd", false},
    {"bad.test", "8.8.8.66", "smtpd", true},
    {"printer.site.test", "10.1.2.3", "smtpd", false},
    {"localhost", nullptr, "", false},
    {"pc.fine.test", "8.8.8.9", "submission", false},
    {"six.fine.test", "2001:4860::8", "smtpd", false},
};
const std::string_view kBadHelo = "bad.helo.test";
const char* const kHelos[4] = {"mx.fine.test", "bad.helo.test", "", nullptr};
const SenderWord kSenders[10] = {
    {"<a@fine.test>", "", Domain::fine},
    {"<a@bad.test>", "", Domain::bad},
    {"<a@soft.test>", "", Domain::soft},
    {"<>", "", Domain::fine},
    {"<a@gone.test>", "", Domain::gone},
    {"<a@null-mx.test>", "", Domain::null_mx},
    {"<a@fails.test>", "", Domain::lookup_fails},
    {"<a b", "", Domain::malformed},
    {"<someone>", "", Domain::none},
    {"<a@fine.test>", "anna", Domain::fine},
};
const RecipientWord kRecipients[8] = {
    {"<a@site.test>", Local::plain},          {"<b@site.test>", Local::plain},
    {"<bad@site.test>", Local::bad},          {"<soft@site.test>", Local::soft},
    {"<other@site.test>", Local::other},      {"<postmaster@site.test>", Local::postmaster},
    {"<none@site.test>", Local::plain, true}, {"<<>", Local::none},
};
const HeaderWord kHeaders[8] = {
    {"From", " <a@fine.test>"},
    {"Subject", " hello"},
    {"Subject", " spam", true},
    {"Authentication-Results", " mx.site.test; iprev=pass", false, true},
    {"Authentication-Results", " mx.other.test; iprev=pass"},
    {"authentication-results", "mx.site.test;\n\tspf=pass", false, true},
    {"", ""},
    {"X-Large", nullptr},
};
const std::size_t kBodies[4] = {10, 0, 3000, 30'000};
const OfferWord kOffers[6] = {
    {"everything", kAllActions, kAllSteps},
    {"a reply at every step", kAllActions, kAllSteps & ~kNoReplies},
    {"no macros to choose", kAllActions & ~SMFIF_SETSYMLIST, kAllSteps & ~SMFIP_RCPT_REJ},
    {"no edits", SMFIF_QUARANTINE | SMFIF_SETSYMLIST, kAllSteps},
    {"no quarantine", SMFIF_ADDHDRS | SMFIF_CHGHDRS, kAllSteps & ~SMFIP_SKIP},
    {"nothing", 0, 0},
};
const std::string_view kZone =
    "fine.test. MX 10 mx.fine.test.\n"
    "bad.test. MX 10 mx.fine.test.\n"
    "soft.test. A 8.8.8.8\n"
    "mx.fine.test. A 8.8.8.8\n"
    "8.8.8.8.in-addr.arpa. PTR mx.fine.test.\n"
    "null-mx.test. MX 0 .\n"
    "; FAULT fails.test. MX SERVFAIL\n"
    "; FAULT 9.8.8.8.in-addr.arpa. PTR SERVFAIL\n";

std::string_view name(Event::Kind kind) {
  using Kind = Event::Kind;
  switch (kind) {
    case Kind::negotiate: return "negotiate";
    case Kind::connect: return "connect";
    case Kind::helo: return "helo";
    case Kind::mail: return "mail";
    case Kind::rcpt: return "rcpt";
    case Kind::data: return "data";
    case Kind::header: return "header";
    case Kind::end_of_headers: return "end-of-headers";
    case Kind::body: return "body";
    case Kind::end_of_message: return "end-of-message";
    case Kind::abort: return "abort";
    case Kind::close: return "close";
  }
  return "";
}

std::size_t words(Event::Kind kind) {
  using Kind = Event::Kind;
  switch (kind) {
    case Kind::negotiate: return std::size(kOffers);
    case Kind::connect: return std::size(kClients);
    case Kind::helo: return std::size(kHelos);
    case Kind::mail: return std::size(kSenders);
    case Kind::rcpt: return std::size(kRecipients);
    case Kind::header: return std::size(kHeaders);
    case Kind::body: return std::size(kBodies);
    case Kind::data:
    case Kind::end_of_headers:
    case Kind::end_of_message:
    case Kind::abort:
    case Kind::close: return 1;
  }
  return 1;
}

std::string Event::text() const {
  std::string out(name(kind));
  switch (kind) {
    case Kind::negotiate: return out + " (" + kOffers[word].name + ")";
    case Kind::connect: {
      const ClientWord& client = kClients[word];
      return out + " " + client.host + " " + (client.address == nullptr ? "without address" : client.address) + " " +
             client.listener;
    }
    case Kind::helo: return out + " " + (kHelos[word] == nullptr ? "(null)" : kHelos[word]);
    case Kind::mail: return out + " " + kSenders[word].path + " " + kSenders[word].login;
    case Kind::rcpt:
      return out + " " + kRecipients[word].path + (kRecipients[word].by_mta ? " refused by the MTA" : "");
    case Kind::header:
      return out + " " + kHeaders[word].name + ":" +
             (kHeaders[word].value == nullptr ? "(large)" : kHeaders[word].value);
    case Kind::body: return out + " " + std::to_string(kBodies[word]) + " bytes";
    case Kind::data:
    case Kind::end_of_headers:
    case Kind::end_of_message:
    case Kind::abort:
    case Kind::close: return out;
  }
  return out;
}

}  // namespace postern::session
