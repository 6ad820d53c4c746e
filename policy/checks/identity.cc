#include "policy/checks/identity.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "policy/accounts/identity/identity.h"
#include "policy/accounts/identity/learn.h"
#include "policy/accounts/identity/local_user.h"

namespace postern {

namespace {

using accounts::Identity;
using accounts::IdentityOptions;
using accounts::MemberMode;

// clang-format off
enum : std::size_t {
  kNone, kOwn, kGranted, kDelegated, kUnauthenticated, kForeign, kMalformed, kDisplayName, kSuspended, kExpired, kUnavailable
};
constexpr std::array<Outcome, 11> kOutcomes{{
    {"none",            {},                                                                       ""},
    {"own",             {},                                                                       ""},
    {"granted",         {},                                                                       ""},
    {"delegated",       {550, {7, 1},  "Who acts for another names himself in a Sender field"},   "RFC 5322 3.6.2"},
    {"unauthenticated", {550, {7, 1},  "Authentication is required for senders of this domain"},  "RFC 6409 6.1"},
    {"foreign",         {550, {7, 1},  "This account may not send with that address"},            "RFC 6409 6.1"},
    {"malformed",       {550, {6, 0},  "From field is missing or malformed"},                     "RFC 5322 3.6.2"},
    {"display-name",    {550, {7, 1},  "Display name shows the address of somebody else"},        "RFC 5322 3.4"},
    {"suspended",       {550, {7, 13}, "This account is suspended"},                              "RFC 3463 3.8"},
    {"expired",         {550, {7, 13}, "This account has expired"},                               "RFC 3463 3.8"},
    {"unavailable",     {451, {3, 0},  "Accounts can not be looked up now, try again later"},     "RFC 5321 4.2", Failure::yes},
}};
// clang-format on

enum class Part { whole, sender, author };

constexpr std::array<std::string_view, 4> kModes{"own", "granted", "any", "ignore"};
constexpr std::array<std::string_view, 3> kAlignments{"exact", "domain", "org-domain"};
constexpr std::array<std::string_view, 2> kPickups{"none", "received"};

std::size_t outcome_of(const accounts::Verdict& verdict) {
  switch (verdict.identity) {
    case Identity::own: return kOwn;
    case Identity::granted: return kGranted;
    case Identity::delegated: return kDelegated;
    case Identity::unsure: return kUnavailable;
    case Identity::foreign: return kForeign;
    case Identity::malformed: return kMalformed;
    case Identity::expired: return kExpired;
    case Identity::suspended: return kSuspended;
  }
  return kUnavailable;
}

bool lets_pass(std::size_t outcome) { return outcome == kOwn || outcome == kGranted || outcome == kDelegated; }

struct IdentitySettings {
  IdentityOptions options;
  bool pickup = false;         ///< the first Received field tells who handed in mail on this machine
  std::chrono::days learn{0};  ///< 0: nothing is learned
};

class IdentityCheck final : public Check {
 public:
  IdentityCheck(IdentitySettings settings, Part part) : settings_(std::move(settings)), part_(part) {}

  Finding run(const Context& c) const override {
    const std::string login = login_of(c);
    if (login.empty()) return without_login(c);
    if (c.backends.identity == nullptr) return {&kOutcomes[kNone], "there are no directories of accounts"};
    const accounts::Claims claims{.login = login,
                                  .mail_from = part_ == Part::author ? nullptr : &c.mail.sender->path,
                                  .header = part_ == Part::sender ? nullptr : c.mail.addresses};
    accounts::Verdict verdict = c.backends.identity->check(claims, c.deadline);
    if (verdict.late) c.must_wait();
    std::size_t outcome = outcome_of(verdict);
    if (verdict.display_name && lets_pass(outcome)) {
      outcome = kDisplayName;
      verdict.address = *verdict.display_name;
      verdict.reason = fmt::format("a display name shows {}", *verdict.display_name);
    }
    if (outcome == kForeign && part_ != Part::whole) learn(login, verdict, c);
    Finding finding{&kOutcomes[outcome], std::move(verdict.reason), {verdict.facts.begin(), verdict.facts.end()}};
    finding.facts_unsure = verdict.facts_unsure;
    finding.vouched = verdict.author_judged && lets_pass(outcome);
    if (outcome != kOwn && outcome != kGranted && !verdict.address.empty())
      finding.facts.emplace_back("address", std::move(verdict.address));
    return finding;
  }

  void equip(const Workshop& workshop) const override {
    if (part_ != Part::whole || workshop.made.directories.empty()) return;
    IdentityOptions options = settings_.options;
    options.delimiters = workshop.site.delimiters;
    options.letters = workshop.site.letters;
    workshop.made.identity = std::make_shared<const accounts::IdentityRules>(
        std::move(options), workshop.made.directories, &workshop.counters);
  }

 private:
  // A user of this machine counts as logged in where the MTA is set up to tell him.
  std::string login_of(const Context& c) const {
    if (!c.mail.sender->login.empty() || c.mail.direction != Direction::local || !settings_.pickup)
      return c.mail.sender->login;
    const HeaderField received{"Received", std::string(c.mail.first_received)};
    const std::optional<accounts::LocalUser> user = accounts::local_user({&received, 1});
    if (!user) return {};
    const std::string name = accounts::name_of(*user);
    for (const auto& directory : c.backends.directories) {
      if (std::optional<std::string> login = directory->login_of_system_user(name)) return *std::move(login);
    }
    return name;
  }

  // Nobody has logged in: then the addresses of our domains are nobody's to use from outside.
  Finding without_login(const Context& c) const {
    if (c.mail.direction == Direction::local || c.mail.direction == Direction::relay)
      return {&kOutcomes[kNone], "handed in by a machine of ours"};
    bool doubt = false;
    const auto is_ours = [&](const Domain& domain) {
      const auto answer = c.site.domains->contains(domain, c.unix_time);
      doubt = doubt || answer == rules::List::Answer::unavailable;
      return answer == rules::List::Answer::yes;
    };
    const auto uses = accounts::uses_our_domain(part_ == Part::author ? nullptr : &c.mail.sender->path,
                                                part_ == Part::sender ? nullptr : c.mail.addresses, is_ours);
    for (const accounts::OurUse& use : uses) {
      if (use.member == accounts::Member::reply_to) continue;  // to whom an answer goes is no claim of authorship
      return {&kOutcomes[kUnauthenticated],
              fmt::format("{} {} without a login", accounts::name(use.member), use.address),
              {{"address", use.address}}};
    }
    if (doubt) return {&kOutcomes[kUnavailable], "which domains are ours can not be told now"};
    return {&kOutcomes[kNone], "no login, and no address of ours"};
  }

  void learn(const std::string& login, const accounts::Verdict& verdict, const Context& c) const {
    if (settings_.learn.count() == 0 || c.backends.store == nullptr) return;
    const WallTime now{std::chrono::seconds(c.unix_time)};
    for (const accounts::AddressFinding& finding : verdict.addresses) {
      const Path path = Path::parse(finding.address);
      if (finding.standing == accounts::Standing::foreign && path.mailbox)
        accounts::observe(*c.backends.store, login, finding.member, *path.mailbox, now,
                          {.keep = settings_.learn, .letters = c.site.letters}, c.counters);
    }
  }

  const IdentitySettings settings_;
  const Part part_;
};

MemberMode mode(Settings& s, std::string_view key, MemberMode fallback, std::string_view doc) {
  const std::string word = s.word(key, kModes[static_cast<std::size_t>(fallback)], kModes, doc);
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    if (kModes[i] == word) return static_cast<MemberMode>(i);
  }
  return fallback;
}

template <Part part>
std::unique_ptr<const Check> build(Settings& s) {
  IdentitySettings settings;
  IdentityOptions& o = settings.options;
  o.mail_from =
      mode(s, "mail-from", o.mail_from, "what MAIL FROM may be: an own address, a granted one, any, or not looked at");
  o.from = mode(s, "from", o.from, "the same of every address in From");
  o.sender = mode(s, "sender", o.sender, "the same of Sender");
  o.resent = mode(s, "resent", o.resent, "the same of the newest Resent-From and Resent-Sender");
  o.reply_to = mode(s, "reply-to", o.reply_to, "the same of Reply-To");
  const std::string alignment =
      s.word("alignment", "exact", kAlignments,
             "which addresses are as good as an own one: that one, its domain, its organization");
  o.alignment = alignment == "domain"       ? accounts::Alignment::domain
                : alignment == "org-domain" ? accounts::Alignment::org_domain
                                            : accounts::Alignment::exact;
  o.login_is_address = s.flag("login-is-address", true, "a login that is an address may send with it");
  o.login_domain = s.text("login-domain", "", "domain that is added to a login without one");
  o.resent_frees_from =
      s.flag("redirect", false, "a message with own Resent- fields keeps its author (RFC 5322 3.6.6)");
  o.alias_depth = static_cast<int>(s.number("alias-depth", 10, 0, 50, "how far aliases of aliases are followed"));
  o.lookups = static_cast<int>(s.number("lookups", 200, 1, 2000, "questions to directories for one message"));
  settings.pickup =
      s.word("pickup", "none", kPickups,
             "who handed in mail on this machine: nobody can tell, or the first Received field says so") == "received";
  settings.learn = std::chrono::duration_cast<std::chrono::days>(
      s.duration("learn", std::chrono::seconds(0), std::chrono::seconds(0), std::chrono::days(366),
                 "note who sends as whom, and remember it so many days, for `postern grants propose`; 0s: not"));
  return std::make_unique<IdentityCheck>(std::move(settings), part);
}

}  // namespace

constexpr CheckType kIdentity{.name = "identity",
                              .stage = Stage::headers,
                              .scope = Scope::message,
                              .start = Start::on_demand,
                              .outcomes = kOutcomes,
                              .unavailable = Unavailable::defer,  // FAULTS 3
                              .timeout = std::chrono::seconds(8),
                              .questions = 0,
                              .build = build<Part::whole>};

constexpr CheckType kIdentitySender{.name = "identity.sender",
                                    .settings = "identity",
                                    .stage = Stage::sender,
                                    .scope = Scope::message,
                                    .start = Start::on_demand,
                                    .outcomes = kOutcomes,
                                    .unavailable = Unavailable::defer,
                                    .timeout = std::chrono::seconds(8),
                                    .questions = 0,
                                    .build = build<Part::sender>};

constexpr CheckType kIdentityAuthor{.name = "identity.author",
                                    .settings = "identity",
                                    .stage = Stage::headers,
                                    .scope = Scope::message,
                                    .start = Start::on_demand,
                                    .outcomes = kOutcomes,
                                    .unavailable = Unavailable::defer,
                                    .timeout = std::chrono::seconds(8),
                                    .questions = 0,
                                    .build = build<Part::author>};

}  // namespace postern
