#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "policy/checks/check.h"

namespace postern {

/// Every check of this version, in the order of the alphabet.
std::span<const CheckType* const> check_types();
/// Checks of the language that come in a later version.
std::span<const std::string_view> later_checks();

/// A check as one configuration has it: type, settings, and the common ones.
struct ConfiguredCheck {
  const CheckType* type = nullptr;
  std::shared_ptr<const Check> check;
  std::chrono::milliseconds timeout{};
  Unavailable unavailable = Unavailable::skip;
  std::size_t questions = 0;  ///< DNS questions it may ask for one message

  CheckDecl declaration() const;
};

/// All checks with what `checks:` says of them (null: nothing). Mistakes go to `problems`.
std::vector<ConfiguredCheck> configure_checks(const Node* section, Problems& problems);

/// What `checks.NAME` takes, the common settings first, as documentation prints it.
std::vector<Settings::Asked> settings_of(const CheckType& type);

}  // namespace postern
