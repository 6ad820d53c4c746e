#pragma once

#include <map>
#include <memory>
#include <string>

#include "policy/accounts/directory.h"
#include "policy/store/store.h"

namespace postern::accounts {
class CallAhead;
class Callout;
}  // namespace postern::accounts

namespace postern {

/// Who answers for accounts, in one configuration; kept by the messages that began with it.
struct Backends {
  accounts::Directories directories;
  std::shared_ptr<accounts::Callout> callout;  ///< null: no check asks it
  /// by the host that `ask:` names
  std::map<std::string, std::shared_ptr<accounts::CallAhead>, std::less<>> call_aheads;
  std::shared_ptr<store::Store> store;  ///< null: nothing is kept
};

}  // namespace postern
