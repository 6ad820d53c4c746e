#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/accounts/directory.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/base/settings.h"
#include "policy/base/text.h"

namespace postern::accounts {

/// Reads YAML text of the file `path`; its mistakes go to `problems`. The reader lives to the left of this layer.
using ReadYaml =
    std::function<std::optional<Node>(const std::string& path, const std::string& text, Problems& problems)>;

/// What reading a directory's settings may use.
struct DirectoryReading {
  std::string name;    ///< of the directory
  std::string folder;  ///< relative paths are taken from it
  ReadYaml yaml;
};

/// What a directory is made with; clock and counters outlive it.
struct DirectoryMaking {
  const Clock& clock;
  Counters& counters;
  LetterCase letters = LetterCase::fold;  ///< of local parts and logins, where the directory itself compares
};
/// Makes a directory whose settings have been read. Connects to nothing and starts nothing.
using MakeDirectory = std::function<std::shared_ptr<Directory>(const DirectoryMaking& making)>;

/// One kind of directory, `type:` of an entry of `accounts:`. read() asks for its settings; mistakes go to their
/// problems, and then it may answer nothing.
struct DirectoryType {
  std::string_view name;
  std::string_view doc;
  MakeDirectory (*read)(Settings& settings, const DirectoryReading& reading);
};

/// Every kind of this version, in the order of the alphabet.
std::span<const DirectoryType> directory_types();

}  // namespace postern::accounts
