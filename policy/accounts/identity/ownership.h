#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/accounts/directory.h"
#include "policy/accounts/identity/grant.h"
#include "policy/accounts/identity/identity.h"
#include "policy/accounts/identity/normal_form.h"

namespace postern::accounts {

/// What one login is to addresses, by all directories together. Made for one message: asks each thing once, and at most
/// options.lookups things.
class Ownership {
 public:
  /// Asks every directory for the login. All references outlive this.
  Ownership(std::string_view login, const Directories& directories, const IdentityOptions& options, GrantCache& grants,
            Counters* counters, const Deadline& deadline);

  /// The worst that a directory says of the login, and the directory.
  State state() const { return state_; }
  const std::string& state_from() const { return state_from_; }
  bool known() const { return known_; }
  /// What the directories tell of the login beside, the first of each name.
  const std::map<std::string, std::string, std::less<>>& facts() const { return facts_; }
  /// Could a directory not say anything of the login?
  bool login_unsure() const { return login_unsure_; }
  /// Did an answer not come only since the caller's time was over?
  bool late() const { return late_; }

  /// `want_own`: a grant is not enough, so it is not the end of the search. The finding has no member yet.
  AddressFinding standing(const Mailbox& mailbox, bool want_own);

 private:
  struct Word {
    std::string by, directory;
  };
  struct Granted {
    std::shared_ptr<const Grant> grant;
    bool delegates = false;
    std::string_view directory;
  };
  // What the directories said of one address, by their place in directories_.
  struct Told {
    std::vector<std::pair<std::size_t, Answer>> answers;
    bool known = false;
    bool unsure = false;
  };

  void add_login(std::string_view login);
  const std::vector<Granted>& grants();
  const Told& ask(const AddressKey& key);
  bool is_login(std::string_view text) const;
  bool names_login(const std::vector<std::string>& logins) const;
  std::optional<Word> owns(const AddressKey& key) const;
  std::vector<AddressKey> steps(const AddressKey& key) const;
  std::optional<Word> own_by(const Record& record, std::string_view directory) const;
  std::optional<Word> leads_here(const AddressKey& key, int depth);
  std::optional<Word> target_leads_here(const AddressKey& address, const Record& record, std::string_view directory,
                                        int depth);
  std::optional<Word> granted(const AddressKey& key, bool delegates);
  std::optional<Word> delegated(const AddressKey& key);
  std::optional<Word> aligned(const AddressKey& key) const;
  AddressFinding find(const AddressKey& key, bool want_own);
  void tell_who_said_what(const AddressKey& key, AddressFinding& finding);
  void count(std::string_view counter) const;

  const Directories& directories_;
  const IdentityOptions& options_;
  GrantCache& grant_cache_;
  Counters* const counters_;
  const Deadline& deadline_;

  State state_ = State::active;
  std::string state_from_;
  bool known_ = false;
  bool late_ = false;
  std::map<std::string, std::string, std::less<>> facts_;
  std::vector<std::string> logins_;             ///< forms of the login: as given, and as directories write it
  std::optional<std::vector<Granted>> grants_;  ///< read once they are needed
  std::vector<Answer> of_login_;                ///< what each directory said of the login
  bool login_unsure_ = false;
  int lookups_ = 0;
  bool doubt_ = false;  ///< the search at hand met a directory that is unsure, or a limit
  std::map<AddressKey, Told> told_;
  std::set<AddressKey> visited_;  ///< … in the search at hand
  std::map<std::pair<AddressKey, bool>, AddressFinding> found_;
};

}  // namespace postern::accounts
