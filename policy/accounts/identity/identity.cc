#include "policy/accounts/identity/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/accounts/identity/grant.h"
#include "policy/accounts/identity/ownership.h"
#include "policy/accounts/identity/shown_address.h"

namespace postern::accounts {

namespace {

// As the reason names the field.
std::string_view field(Member member) {
  switch (member) {
    case Member::mail_from: return "MAIL FROM";
    case Member::from: return "From";
    case Member::sender: return "Sender";
    case Member::resent_from: return "Resent-From";
    case Member::resent_sender: return "Resent-Sender";
    case Member::reply_to: return "Reply-To";
  }
  return "";
}

Identity identity_of(Standing standing) {
  switch (standing) {
    case Standing::own: return Identity::own;
    case Standing::granted: return Identity::granted;
    case Standing::delegated: return Identity::delegated;
    case Standing::foreign: return Identity::foreign;
    case Standing::unsure: return Identity::unsure;
  }
  return Identity::unsure;
}

bool is_judged(MemberMode mode) { return mode == MemberMode::own || mode == MemberMode::granted; }

/// One message before its login.
class Judge {
 public:
  Judge(const Claims& claims, const IdentityOptions& options, Ownership& ownership)
      : claims_(claims), options_(options), ownership_(ownership) {}

  Verdict judge() {
    if (claims_.mail_from != nullptr) mail_from(*claims_.mail_from);
    if (claims_.header != nullptr) header(*claims_.header);
    return std::move(verdict_);
  }

 private:
  void mail_from(const Path& path) {
    if (!is_judged(options_.mail_from)) return;
    if (path.null) {  // RFC 5321 4.5.5; whose notice it is, only From says
      if (!is_judged(options_.from))
        weigh(Identity::foreign, Member::mail_from, {}, "the null reverse-path, and From is not judged");
    } else if (!path.mailbox) {
      weigh(Identity::malformed, Member::mail_from, path.raw, fmt::format("malformed: {}", printable(path.raw)));
    } else {
      address(Member::mail_from, options_.mail_from, *path.mailbox);
    }
  }

  void header(const HeaderAddresses& header) {
    const bool sent_on = resent(header) && options_.resent_frees_from;
    bool acts_for = false;
    if (options_.from != MemberMode::ignore && author_can_be_read(header)) {
      verdict_.author_judged = is_judged(options_.from) && !sent_on;
      if (verdict_.author_judged) acts_for = all(Member::from, options_.from, header.from);
    }
    verdict_.sender_missing = acts_for && header.sender.empty();
    if (!sent_on) sender(header, acts_for);
    if (is_judged(options_.reply_to) && readable(Member::reply_to, header.reply_to))
      all(Member::reply_to, options_.reply_to, header.reply_to);
    if (options_.from != MemberMode::ignore && !sent_on) display_names(header);
  }

  // RFC 5322 3.6.2, FAULTS T16: one field, with authors that can be read in one way.
  bool author_can_be_read(const HeaderAddresses& header) {
    if (header.from.empty()) return malformed(Member::from, {}, "missing");
    if (header.from.size() > 1)
      return malformed(Member::from, {}, fmt::format("{} fields of that name", header.from.size()));
    const AddressList& list = header.from.front();
    if (list.addresses.empty())
      return malformed(Member::from, {}, list.groups > 0 ? "a group without members" : "no address");
    return readable(Member::from, header.from);
  }

  bool readable(Member member, const std::vector<AddressList>& fields) {
    for (const AddressList& list : fields) {
      for (const HeaderAddress& address : list.addresses) {
        if (!address.mailbox || address.fault != AddressFault::none)
          return malformed(member, address.raw, fmt::format("{}: {}", name(address.fault), printable(address.raw)));
      }
    }
    return true;
  }

  bool malformed(Member member, std::string address, std::string_view why) {
    weigh(Identity::malformed, member, std::move(address), why);
    return false;
  }

  // Who handed it in, where that is not the author.
  void sender(const HeaderAddresses& header, bool acts_for) {
    const bool wanted = is_judged(options_.sender) || (acts_for && options_.sender == MemberMode::any);
    if (!wanted || header.sender.empty()) return;
    one_submitter(Member::sender, options_.sender == MemberMode::own ? MemberMode::own : MemberMode::granted,
                  header.sender);
  }

  // A field of one mailbox that stands for the login itself.
  bool one_submitter(Member member, MemberMode mode, const std::vector<AddressList>& fields) {
    if (fields.size() > 1) return malformed(member, {}, fmt::format("{} fields of that name", fields.size()));
    if (!readable(member, fields)) return false;
    const auto& addresses = fields.front().addresses;
    if (addresses.size() != 1 || fields.front().groups > 0)
      return malformed(member, {}, fmt::format("{} addresses, not one", addresses.size()));
    const Standing found = address(member, mode, *addresses.front().mailbox);
    if (found != Standing::delegated) return found == Standing::own || found == Standing::granted;
    weigh(Identity::foreign, member, addresses.front().mailbox->text(),
          fmt::format("{}: {} acts for it, and is somebody else", printable(addresses.front().mailbox->text()),
                      printable(claims_.login)));
    return false;
  }

  // RFC 5322 3.6.6. Whether the login sent on a message that was there before.
  bool resent(const HeaderAddresses& header) {
    if (!header.resent || !is_judged(options_.resent)) return false;
    if (header.resent_from.empty()) return malformed(Member::resent_from, {}, "missing in the newest Resent fields");
    if (header.resent_from.front().addresses.empty()) return malformed(Member::resent_from, {}, "no address");
    if (!readable(Member::resent_from, header.resent_from)) return false;
    const Identity before = verdict_.identity;
    all(Member::resent_from, options_.resent, header.resent_from);
    if (!header.resent_sender.empty()) one_submitter(Member::resent_sender, options_.resent, header.resent_sender);
    const bool is_its_own = std::all_of(verdict_.addresses.begin(), verdict_.addresses.end(), [](const auto& found) {
      const bool is_resent = found.member == Member::resent_from || found.member == Member::resent_sender;
      return !is_resent || found.standing == Standing::own || found.standing == Standing::granted;
    });
    return is_its_own && verdict_.identity <= std::max(before, Identity::granted);
  }

  // True where the login acts for one of them.
  bool all(Member member, MemberMode mode, const std::vector<AddressList>& fields) {
    bool acts_for = false;
    for (const AddressList& list : fields) {
      for (const HeaderAddress& one : list.addresses) {
        const Standing found = address(member, mode, *one.mailbox);
        acts_for = acts_for || found == Standing::delegated;
        if (found == Standing::foreign) return acts_for;  // one is enough
      }
    }
    return acts_for;
  }

  Standing address(Member member, MemberMode mode, const Mailbox& mailbox) {
    AddressFinding found = ownership_.standing(mailbox, mode == MemberMode::own);
    found.member = member;
    const bool too_little =
        mode == MemberMode::own && (found.standing == Standing::granted || found.standing == Standing::delegated);
    const Standing sufficient = too_little ? Standing::foreign : found.standing;
    if (decides(identity_of(sufficient)))
      weigh(identity_of(sufficient), member, found.address, told(found, too_little));
    found.standing = sufficient;
    const Standing standing = found.standing;
    const auto same = [&](const AddressFinding& other) {
      return other.member == member && other.address == found.address;
    };
    if (std::none_of(verdict_.addresses.begin(), verdict_.addresses.end(), same))
      verdict_.addresses.push_back(std::move(found));
    return standing;
  }

  std::string told(const AddressFinding& found, bool too_little) const {
    const std::string shown = printable(found.address);
    const std::string login = printable(claims_.login);
    switch (found.standing) {
      case Standing::own:
      case Standing::granted:
      case Standing::delegated: {
        const std::string whose = found.directory.empty() ? std::string() : fmt::format(" ({})", found.directory);
        return fmt::format("{}: {} by {}{}{}", shown, name(found.standing), printable(found.by), whose,
                           too_little ? ", and only an own address will do" : "");
      }
      case Standing::foreign:
        if (found.said_no.empty()) return fmt::format("{}: not of {}", shown, login);
        return fmt::format("{}: not of {} ({} {} no)", shown, login, join(found.said_no, ", "),
                           found.said_no.size() > 1 ? "say" : "says");
      case Standing::unsure: {
        const std::string why = found.unsure.empty() ? "too many lookups" : printable(join(found.unsure, "; "));
        return fmt::format("{}: not known whether of {} ({})", shown, login, why);
      }
    }
    return {};
  }

  // The first of the worst decides.
  bool decides(Identity identity) const { return !verdict_.member || identity > verdict_.identity; }
  void weigh(Identity identity, Member member, std::string address, std::string_view why) {
    if (!decides(identity)) return;
    verdict_.identity = identity;
    verdict_.member = member;
    verdict_.address = std::move(address);
    verdict_.reason = fmt::format("{} {}", field(member), why);
  }

  // FAULTS T24: what a reader is shown in place of the address.
  void display_names(const HeaderAddresses& header) {
    for (const AddressList& list : header.from) {
      for (const std::string& group : list.group_names) display_name(group, std::nullopt);
      for (const HeaderAddress& author : list.addresses) display_name(author.name, author.mailbox);
    }
  }

  void display_name(const std::string& text, const std::optional<Mailbox>& author) {
    if (verdict_.display_name) return;  // one is enough
    for (const Mailbox& shown : shown_addresses(text)) {
      if (author == shown || ownership_.standing(shown, false).standing != Standing::foreign) continue;
      verdict_.display_name = shown.text();
      return;
    }
  }

  const Claims& claims_;
  const IdentityOptions& options_;
  Ownership& ownership_;
  Verdict verdict_;
};

}  // namespace

std::string_view name(Member member) {
  switch (member) {
    case Member::mail_from: return "mail-from";
    case Member::from: return "from";
    case Member::sender: return "sender";
    case Member::resent_from: return "resent-from";
    case Member::resent_sender: return "resent-sender";
    case Member::reply_to: return "reply-to";
  }
  return "";
}

std::string_view name(Standing standing) { return name(identity_of(standing)); }

std::string_view name(Identity identity) {
  switch (identity) {
    case Identity::own: return "own";
    case Identity::granted: return "granted";
    case Identity::delegated: return "delegated";
    case Identity::unsure: return "unsure";
    case Identity::foreign: return "foreign";
    case Identity::malformed: return "malformed";
    case Identity::expired: return "expired";
    case Identity::suspended: return "suspended";
  }
  return "";
}

IdentityRules::IdentityRules(IdentityOptions options, Directories directories, Counters* counters)
    : options_(std::move(options)),
      directories_(std::move(directories)),
      counters_(counters),
      grants_(std::make_unique<GrantCache>(options_.letters)) {}

IdentityRules::~IdentityRules() = default;

Verdict IdentityRules::check(const Claims& claims, const Deadline& deadline) const {
  Ownership ownership(claims.login, directories_, options_, *grants_, counters_, deadline);
  Verdict verdict;
  if (ownership.state() == State::active) {
    verdict = Judge(claims, options_, ownership).judge();
  } else {
    verdict.identity = ownership.state() == State::suspended ? Identity::suspended : Identity::expired;
    verdict.reason =
        fmt::format("{} is {} ({})", printable(claims.login), name(ownership.state()), ownership.state_from());
  }
  verdict.known = ownership.known();
  verdict.late = verdict.identity == Identity::unsure && ownership.late();
  verdict.facts = ownership.facts();
  verdict.facts_unsure = ownership.login_unsure();
  return verdict;
}

std::vector<OurUse> uses_our_domain(const Path* mail_from, const HeaderAddresses* header,
                                    const std::function<bool(const Domain&)>& is_ours) {
  std::vector<OurUse> uses;
  const auto look = [&](Member member, const std::vector<AddressList>& fields) {
    for (const AddressList& list : fields) {
      for (const HeaderAddress& address : list.addresses) {
        if (!address.mailbox || !address.mailbox->domain || !is_ours(*address.mailbox->domain)) continue;
        uses.push_back({member, address.mailbox->text()});
        return;
      }
    }
  };
  if (mail_from != nullptr && mail_from->mailbox && mail_from->mailbox->domain && is_ours(*mail_from->mailbox->domain))
    uses.push_back({Member::mail_from, mail_from->mailbox->text()});
  if (header == nullptr) return uses;
  look(Member::from, header->from);
  look(Member::sender, header->sender);
  look(Member::resent_from, header->resent_from);
  look(Member::resent_sender, header->resent_sender);
  look(Member::reply_to, header->reply_to);
  return uses;
}

}  // namespace postern::accounts
