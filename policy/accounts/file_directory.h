#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/account_file.h"
#include "policy/accounts/directory.h"
#include "policy/accounts/tables/reloaded_file.h"
#include "policy/base/clock.h"

namespace postern::accounts {

constexpr std::size_t kMostAccountBytes = 16U << 20;  // local: the reader of YAML has limits of its own

/// A directory that is a file of accounts (account_file.h), in memory. It knows everything that a Record can say, and is
/// never unsure once it was read.
class FileDirectory final : public Directory {
 public:
  /// Makes a tree of a file's text; nothing, and problems, where it is none.
  using ReadTree = std::function<std::optional<Node>(const std::string& path, const std::string& text, Problems&)>;
  /// The clock outlives this.
  FileDirectory(std::string name, std::string path, ReadTree read_tree, const Clock& clock,
                LetterCase letters = LetterCase::fold);

  /// Reads the file for the first time; one that is not there yet is a warning at `where`.
  void load(const Place& where, Problems& problems) { file_.load(where, problems); }

  std::string_view name() const override { return name_; }
  Answer login(std::string_view login, const Deadline& deadline) override;
  /// `@domain` has its own answer; it does not stand for what is not found.
  Answer address(std::string_view local, std::string_view domain, const Deadline& deadline) override;
  std::vector<std::string> refresh() override { return file_.refresh(); }

  /// The login of a user of this machine whose mail is picked up here. Apart from login(): a SASL login of the same name
  /// is another's.
  std::optional<std::string> login_of_system_user(std::string_view user) const override;

 private:
  State state_of(const AccountFile::Account& account) const;

  const std::string name_;
  const Clock& clock_;
  const LetterCase letters_;
  ReloadedFile<AccountFile> file_;
};

}  // namespace postern::accounts
