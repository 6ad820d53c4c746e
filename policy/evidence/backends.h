#pragma once

#include <memory>

#include "policy/accounts/directory.h"
#include "policy/auth/dkim/key_record.h"
#include "policy/evidence/authentication_settings.h"
#include "policy/store/store.h"

namespace postern::accounts {
class IdentityRules;
}  // namespace postern::accounts
namespace postern::callout {
class CallAhead;
class Callout;
}  // namespace postern::callout
namespace postern::limits {
class Behaviour;
class Freezer;
class Ledger;
}  // namespace postern::limits

namespace postern {

/// Who answers for accounts, and how senders are authenticated, in one configuration; kept by the messages that began with it.
struct Backends {
  accounts::Directories directories;
  std::shared_ptr<const accounts::IdentityRules> identity;  ///< over `directories`
  std::shared_ptr<callout::Callout> callout;                ///< null: no check asks it
  std::shared_ptr<callout::CallAhead> call_ahead;           ///< likewise
  std::shared_ptr<store::Store> store;                      ///< null: nothing is kept
  std::shared_ptr<limits::Ledger> ledger;                   ///< null: limits can not be counted
  std::shared_ptr<limits::Behaviour> behaviour;             ///< null: nobody's is watched
  std::shared_ptr<limits::Freezer> freezer;                 ///< null: nobody can be frozen
  AuthenticationSettings authentication;
  std::shared_ptr<dkim::KeyCache> keys = std::make_shared<dkim::KeyCache>();  ///< never null
};

}  // namespace postern
