#include "policy/checks/sender_account.h"

#include <array>
#include <cstddef>
#include <utility>

#include "policy/accounts/callout/callout.h"
#include "policy/accounts/mailbox_lookup.h"
#include "policy/checks/asking.h"

namespace postern {

namespace {

using accounts::MailboxFinding;

// clang-format off
enum : std::size_t {
  kNone, kAccepted, kAcceptAll, kUnknown, kSuspended, kExpired, kOverAliased, kUndecided, kUnavailable
};
constexpr std::array<Outcome, 9> kOutcomes{{
    {"none",         {},                                                                   ""},
    {"accepted",     {},                                                                   ""},
    {"accept-all",   {},                                                                   ""},
    {"unknown",      {550, {1, 7}, "Sender mailbox does not exist"},                       "RFC 3463 3.2"},
    {"suspended",    {550, {1, 7}, "Sender mailbox is switched off"},                      "RFC 3463 3.2"},
    {"expired",      {550, {1, 7}, "Sender mailbox has expired"},                          "RFC 3463 3.2"},
    {"over-aliased", {451, {3, 5}, "The sender address is set up wrongly here"},           "RFC 3463 3.4"},
    {"undecided",    {451, {1, 7}, "Sender mailbox could not be verified yet"},            "RFC 3463 3.2"},
    {"unavailable",  {451, {4, 3}, "Mailboxes can not be looked up now, try again later"}, "RFC 5321 4.2", Failure::yes},
}};
// clang-format on

// FIELD 2.4: unknown is never bad.
std::size_t outcome_of(callout::Kind kind) {
  switch (kind) {
    case callout::Kind::exists: return kAccepted;
    case callout::Kind::missing: return kUnknown;
    case callout::Kind::accept_all: return kAcceptAll;
    case callout::Kind::unknown: return kUndecided;
    case callout::Kind::not_asked: return kNone;
  }
  return kUndecided;
}

class SenderAccount final : public Check {
 public:
  SenderAccount(Asking asking, callout::CalloutOptions callout)
      : asking_(std::move(asking)), callout_(std::move(callout)) {}

  Finding run(const Context& c) const override {
    const Path& path = c.mail.sender->path;
    if (path.null) return {&kOutcomes[kNone], "null reverse-path"};  // RFC 5321 4.5.5
    if (!path.mailbox || !path.mailbox->domain) return {&kOutcomes[kNone], "no address with a domain"};
    switch (c.site.domains->contains(*path.mailbox->domain, c.unix_time)) {
      case rules::List::Answer::unavailable:
        return {&kOutcomes[kUnavailable], "which domains are ours can not be told now"};
      case rules::List::Answer::yes: return of_ours(*path.mailbox, c);
      case rules::List::Answer::no: break;
    }
    return of_others(*path.mailbox, c);
  }

  void equip(const Workshop& workshop) const override {
    if (!asking_.callout) return;
    callout::CalloutOptions options = callout_;
    options.hostname = workshop.site.hostname;
    options.our_addresses = workshop.site.addresses;
    workshop.made.callout = std::make_shared<callout::Callout>(
        options, callout::Services{workshop.dns, workshop.store, workshop.clock, workshop.counters});
  }

  std::vector<Named> directories() const override { return asking_.directories; }

 private:
  Finding of_ours(const Mailbox& mailbox, const Context& c) const {
    const accounts::Directories directories = asking_.chosen(c.backends.directories);
    if (directories.empty()) return {&kOutcomes[kNone], "there are no directories of accounts"};
    MailboxFinding found = accounts::find_mailbox(
        mailbox, directories, {.delimiters = c.site.delimiters, .letters = c.site.letters}, c.deadline);
    return finding_of(std::move(found), kOutcomes, c);
  }

  // Who has logged in, and machines of ours, are known by other means (FIELD 2.4: never probed).
  Finding of_others(const Mailbox& mailbox, const Context& c) const {
    if (c.backends.callout == nullptr) return {&kOutcomes[kNone], "not of our domains"};
    if (c.mail.direction != Direction::inbound) return {&kOutcomes[kNone], "handed in by somebody of ours"};
    if (!c.may_probe) return {&kOutcomes[kNone], "nobody is asked in monitor mode"};
    callout::Verdict verdict =
        c.backends.callout->verify(mailbox, {.client = c.mail.client->ip, .skip = {}}, c.deadline);
    return {&kOutcomes[outcome_of(verdict.kind)], std::move(verdict.reason)};
  }

  const Asking asking_;
  const callout::CalloutOptions callout_;
};

callout::CalloutOptions callout_options(Settings& s) {
  callout::CalloutOptions options;
  auto& most = options.limits;
  options.soft = s.duration("soft-wait", options.soft, std::chrono::milliseconds(100), std::chrono::seconds(30),
                            "longest wait of one message for a callout, which goes on and is answered at the retry");
  most.probes_per_day =
      s.number("probes-per-day", most.probes_per_day, 0, 1'000'000, "callouts of a day, to everybody");
  most.connections_per_host_and_minute = static_cast<std::size_t>(
      s.number("probes-per-host", static_cast<std::int64_t>(most.connections_per_host_and_minute), 1, 600,
               "callouts a minute to one host"));
  most.probes_per_client_and_hour = s.number("probes-per-client", most.probes_per_client_and_hour, 0, 100'000,
                                             "callouts an hour for one client network");
  if (const Node* domains =
          s.node("opt-out", "list of domains", "none", "domains, and all below them, that are never asked");
      domains != nullptr && domains->is_list()) {
    for (const Node& item : domains->items) {
      if (const auto domain = Domain::parse(item.text))
        options.opt_out.push_back(*domain);
      else
        s.problems().error(item.where, "this is no domain", "write it like example.net");
    }
  }
  if (const Node* allow =
          s.node("test-allow", "list of networks with a port", "none",
                 "for tests: addresses that may be asked although nobody else reaches them, and their port");
      allow != nullptr && allow->is_list()) {
    for (const Node& item : allow->items) {
      if (const auto target = callout::AllowedTarget::parse(item.text))
        options.allow.push_back(*target);
      else
        s.problems().error(item.where, "this is no network with a port", "write it like 127.0.0.0/8:2525");
    }
  }
  return options;
}

std::unique_ptr<const Check> build(Settings& s) {
  Asking asking =
      Asking::read(s, true, "who knows sender mailboxes: our own by directories, foreign ones by a callout");
  return std::make_unique<SenderAccount>(std::move(asking), callout_options(s));
}

}  // namespace

constexpr CheckType kSenderAccount{.name = "sender-account",
                                   .stage = Stage::sender,
                                   .scope = Scope::message,
                                   .start = Start::on_demand,
                                   .outcomes = kOutcomes,
                                   .unavailable = Unavailable::skip,  // FAULTS 3
                                   .timeout = std::chrono::seconds(9),
                                   .questions = 0,
                                   .build = build};

}  // namespace postern
