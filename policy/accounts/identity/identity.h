#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/directory.h"
#include "policy/base/counters.h"
#include "policy/base/deadline.h"
#include "policy/base/text.h"
#include "policy/mail/address.h"
#include "policy/mail/header_address.h"

/// Who may send as whom: whether the addresses that a message shows are those of the login that hands it in.
namespace postern::accounts {

class GrantCache;

/// A place where a message says who sends it.
enum class Member { mail_from, from, sender, resent_from, resent_sender, reply_to };
/// As the log says it: "mail-from".
std::string_view name(Member member);

/// What a member may be.
enum class MemberMode {
  own,      ///< an address of the login
  granted,  ///< … or one that it has a grant for, or acts for
  any,      ///< anybody's; is told in the verdict, and a From must still be one that can be read
  ignore,   ///< not looked at
};

/// Which addresses are as good as one of the login's own.
enum class Alignment {
  exact,       ///< that address alone
  domain,      ///< any of the same domain: granted
  org_domain,  ///< any of the same organizational domain (public suffix list): granted
};

struct IdentityOptions {
  MemberMode mail_from = MemberMode::granted;
  MemberMode from = MemberMode::granted;
  MemberMode sender = MemberMode::granted;
  MemberMode resent = MemberMode::granted;
  MemberMode reply_to = MemberMode::any;
  Alignment alignment = Alignment::exact;
  std::string delimiters = "+";           ///< what an extension begins with, for sending as for receiving; may be empty
  bool login_is_address = true;           ///< a login that is an address owns it
  std::string login_domain;               ///< appended to a login that has no domain
  LetterCase letters = LetterCase::fold;  ///< of local parts and logins
  bool resent_frees_from = false;         ///< a redirected message (RFC 5322 3.6.6) may keep its author
  int alias_depth = 10;                   ///< aliases of aliases
  int lookups = 200;                      ///< questions to directories for one message
};

/// What a login is to an address.
enum class Standing {
  own,
  granted,    ///< by a grant of its record, or by alignment
  delegated,  ///< it acts for it: RFC 5322 3.6.2 wants a Sender field
  foreign,
  unsure,  ///< a directory could not be asked, and no other says yes
};
std::string_view name(Standing standing);

/// What was found of one address of a message.
struct AddressFinding {
  Member member = Member::from;
  std::string address;  ///< as the message has it, in the writing of Mailbox::text()
  Standing standing = Standing::foreign;
  std::string by;                    ///< what says so: the grant, the alias, "login"
  std::string directory;             ///< … and whose word that is; empty for what needs no directory
  std::vector<std::string> said_no;  ///< directories that were asked and do not give it to the login
  std::vector<std::string> unsure;   ///< directories that could not be asked, with their problem
};

/// What a message is to the login that hands it in: the worst of its members, which stands last here. An own From beside
/// a foreign Sender is foreign.
enum class Identity {
  own,
  granted,
  delegated,
  unsure,     ///< 451 4.3.0, never a refusal
  foreign,    ///< 550 5.7.1
  malformed,  ///< 550 5.6.0: who it is from cannot be read, or can be read in two ways
  expired,    ///< the account's time is over …
  suspended,  ///< … or it is switched off, in one directory at least
};
std::string_view name(Identity identity);

struct Verdict {
  Identity identity = Identity::own;
  std::optional<Member> member;  ///< the first of the worst; nothing where no member was judged
  std::string address;           ///< its address; of a malformed one what stands there
  std::string reason;            ///< for the log: "From ceo@acme.example: not of eva (mailboxes, extra say no)"
  bool known = false;            ///< a directory knows the login
  bool late = false;             ///< unsure only since the caller's time was over
  std::map<std::string, std::string, std::less<>> facts;  ///< that the directories tell of the login
  bool author_judged = false;   ///< From itself was held against the login, and not let be by a setting
  bool sender_missing = false;  ///< an author is one that the login acts for, and no Sender field says so
  /// An address that a display name shows and that is not the login's: `"ceo@acme.example" <eva@acme.example>`. Apart
  /// from `identity`, so that a rule can watch it.
  std::optional<std::string> display_name;
  std::vector<AddressFinding> addresses;  ///< of each address looked at, each once a member
  bool facts_unsure = false;              ///< a directory could not say: `facts` may lack what it would tell
};

/// What a message says of who sends it. What is null is not judged: at MAIL there is no header yet. Both outlive the
/// call.
struct Claims {
  std::string_view login;  ///< of {auth_authen}, never empty
  const Path* mail_from = nullptr;
  const HeaderAddresses* header = nullptr;
};

/// The rules of who may send as whom, over the directories of a configuration. Immutable but for a cache of grants;
/// thread-safe.
///
/// Every directory is asked and the answers are joined: a yes stands whatever the others say or do not know. The
/// account's own address comes first, then aliases that lead to it, then an address without its extension, then a
/// catch-all: a later step counts only where no directory knows the address of the step before, as with delivery.
class IdentityRules {
 public:
  /// `counters` may be null, else it outlives this.
  IdentityRules(IdentityOptions options, Directories directories, Counters* counters);
  ~IdentityRules();

  /// Always answers, no later than `deadline` allows the directories. At most options.lookups questions; what is beyond
  /// them is unsure and counts (accounts.identity.lookups-capped, .depth-capped).
  ///
  /// The null reverse-path is nobody's: it passes where From is judged, else it is foreign.
  Verdict check(const Claims& claims, const Deadline& deadline) const;

 private:
  const IdentityOptions options_;
  const Directories directories_;
  Counters* const counters_;
  const std::unique_ptr<GrantCache> grants_;
};

/// An address of ours, and where a message uses it.
struct OurUse {
  Member member;
  std::string address;
};
/// The first address of each member that is of one of our domains, in the order of Member: for mail that nobody
/// authenticated.
std::vector<OurUse> uses_our_domain(const Path* mail_from, const HeaderAddresses* header,
                                    const std::function<bool(const Domain&)>& is_ours);

}  // namespace postern::accounts
