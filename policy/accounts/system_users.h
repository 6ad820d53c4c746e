#pragma once

#include <pwd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "policy/accounts/lookup.h"

namespace postern::accounts {

/// Which users of the machine are accounts.
struct SystemUsersOptions {
  uid_t first = 1000;                  ///< of people, as login.defs(5) has it
  uid_t last = 60'000;                 ///< above it stands nobody
  bool shell = false;                  ///< who may not log in (nologin, false) is no account
  std::vector<std::string> domains{};  ///< A-labels: whose local parts are users; without any, no address is looked up
};

/// The users of the machine (NSS: passwd, LDAP, sssd). A login is a user's name, an address a user's name at one of the
/// domains. A row has the fields `login` and `name` (the first part of GECOS).
///
/// NSS may block, and knows no deadline: ask() may wait longer than `until`, and belongs into a pool's threads.
class SystemUsers final : public Connector {
 public:
  using GetUser = int (*)(const char* name, passwd* user, char* buffer, std::size_t size, passwd** found);
  explicit SystemUsers(SystemUsersOptions options, GetUser get_user = ::getpwnam_r)
      : options_(std::move(options)), get_user_(get_user) {}

  Result<std::unique_ptr<Backend>> connect(SteadyTime until) const override;
  bool has(Lookup lookup) const override {
    return lookup == Lookup::login || (lookup == Lookup::address && !options_.domains.empty());
  }
  std::string describe() const override { return "users of the system"; }

 private:
  const SystemUsersOptions options_;
  const GetUser get_user_;
};

}  // namespace postern::accounts
