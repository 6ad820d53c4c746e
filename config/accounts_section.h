#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/accounts/directory_type.h"
#include "policy/base/document.h"
#include "policy/base/problem.h"

namespace postern::config {

/// One entry of `accounts:`, read and not made yet.
struct DirectorySpec {
  std::string name;
  std::string made_of;  ///< two with the same text are the same directory, so that a reload keeps it
  accounts::MakeDirectory make;
};

/// `accounts:`, a list of directories. Mistakes go to `problems`. Relative paths are taken from `folder`.
std::vector<DirectorySpec> read_accounts(const Node* section, const std::string& folder, Problems& problems);

/// What an entry of a type takes, as documentation prints it.
std::vector<Settings::Asked> settings_of(const accounts::DirectoryType& type);

}  // namespace postern::config
