#include "policy/checks/recipient_account.h"

#include <array>
#include <cstddef>
#include <utility>

#include "policy/accounts/mailbox_lookup.h"
#include "policy/checks/asking.h"

namespace postern {

namespace {

using accounts::MailboxFinding;

// clang-format off
enum : std::size_t { kNone, kAccepted, kAcceptAll, kUnknown, kSuspended, kExpired, kOverAliased, kUnavailable };
constexpr std::array<Outcome, 8> kOutcomes{{
    {"none",         {},                                                                      ""},
    {"accepted",     {},                                                                      ""},
    {"accept-all",   {},                                                                      ""},
    {"unknown",      {550, {1, 1}, "No such mailbox here"},                                   "RFC 3463 3.2"},
    {"suspended",    {550, {2, 1}, "This mailbox is switched off"},                           "RFC 3463 3.3"},
    {"expired",      {550, {2, 1}, "This mailbox has expired"},                               "RFC 3463 3.3"},
    {"over-aliased", {451, {3, 5}, "This address is set up wrongly here, try again later"},   "RFC 3463 3.4"},
    {"unavailable",  {451, {4, 3}, "Mailboxes can not be looked up now, try again later"},    "RFC 5321 4.2", Failure::yes},
}};
// clang-format on

std::size_t outcome_of(const callout::Verdict& verdict) {
  switch (verdict.kind) {
    case callout::Kind::exists: return kAccepted;
    case callout::Kind::missing: return kUnknown;
    case callout::Kind::accept_all: return kAcceptAll;
    case callout::Kind::unknown:
    case callout::Kind::not_asked: break;
  }
  return kUnavailable;
}

class RecipientAccount final : public Check {
 public:
  RecipientAccount(Asking asking, int alias_depth) : asking_(std::move(asking)), alias_depth_(alias_depth) {}

  Finding run(const Context& c) const override {
    const Path& path = c.mail.recipient->path;
    if (!path.mailbox || !path.mailbox->domain) return {&kOutcomes[kNone], "no address with a domain"};
    const auto ours = c.site.domains->contains(*path.mailbox->domain, c.unix_time);
    if (ours == rules::List::Answer::unavailable)
      return {&kOutcomes[kUnavailable], "which domains are ours can not be told now"};
    if (ours == rules::List::Answer::no) return {&kOutcomes[kNone], "not of our domains"};
    const accounts::Directories directories = asking_.chosen(c.backends.directories);
    MailboxFinding found;
    if (!directories.empty())
      found = accounts::find_mailbox(
          *path.mailbox, directories,
          {.delimiters = c.site.delimiters, .letters = c.site.letters, .alias_depth = alias_depth_}, c.deadline);
    const bool settled = found.kind != MailboxFinding::Kind::silent && found.kind != MailboxFinding::Kind::unknown;
    if (settled || c.backends.call_ahead == nullptr) return finding_of(std::move(found), kOutcomes, c);
    if (!c.may_probe) return {&kOutcomes[kNone], "nobody is asked in monitor mode"};
    callout::Verdict verdict = c.backends.call_ahead->verify(*path.mailbox, c.deadline);
    if (verdict.late) c.must_wait();
    return {&kOutcomes[outcome_of(verdict)], std::move(verdict.reason)};
  }

  void equip(const Workshop& workshop) const override {
    if (asking_.call_ahead.empty()) return;
    callout::CallAheadOptions options;
    options.hostname = workshop.site.hostname;
    options.servers = asking_.call_ahead;
    workshop.made.call_ahead = std::make_shared<callout::CallAhead>(
        options, callout::Services{workshop.dns, workshop.store, workshop.clock, workshop.counters});
  }

  std::vector<Named> directories() const override { return asking_.directories; }

 private:
  const Asking asking_;
  const int alias_depth_;
};

std::unique_ptr<const Check> build(Settings& s) {
  Asking asking = Asking::read(s, false, "who knows the mailboxes of our domains");
  const auto depth = s.number("alias-depth", 10, 0, 50, "how far aliases of aliases are followed");
  return std::make_unique<RecipientAccount>(std::move(asking), static_cast<int>(depth));
}

}  // namespace

constexpr CheckType kRecipientAccount{.name = "recipient-account",
                                      .stage = Stage::recipient,
                                      .scope = Scope::recipient,
                                      .start = Start::on_demand,
                                      .outcomes = kOutcomes,
                                      .unavailable = Unavailable::defer,  // FAULTS 3
                                      .timeout = std::chrono::seconds(8),
                                      .questions = 0,
                                      .build = build};

}  // namespace postern
