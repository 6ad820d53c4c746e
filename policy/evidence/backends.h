#pragma once

#include <memory>

#include "policy/accounts/directory.h"
#include "policy/store/store.h"

namespace postern::accounts {
class IdentityRules;
}  // namespace postern::accounts
namespace postern::callout {
class CallAhead;
class Callout;
}  // namespace postern::callout

namespace postern {

/// Who answers for accounts, in one configuration; kept by the messages that began with it.
struct Backends {
  accounts::Directories directories;
  std::shared_ptr<const accounts::IdentityRules> identity;  ///< over `directories`
  std::shared_ptr<callout::Callout> callout;                ///< null: no check asks it
  std::shared_ptr<callout::CallAhead> call_ahead;           ///< likewise
  std::shared_ptr<store::Store> store;  ///< null: nothing is kept
};

}  // namespace postern
