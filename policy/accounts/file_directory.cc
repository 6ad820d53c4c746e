#include "policy/accounts/file_directory.h"

#include <chrono>

#include "policy/accounts/identity/normal_form.h"
#include "policy/accounts/tables/file_table.h"
#include "policy/mail/address.h"

namespace postern::accounts {

FileDirectory::FileDirectory(std::string name, std::string path, ReadTree read_tree, const Clock& clock,
                             LetterCase letters)
    : name_(std::move(name)),
      clock_(clock),
      letters_(letters),
      file_(std::move(path), kMostAccountBytes,
            [read = std::move(read_tree), letters](const std::string& file, const std::string& text,
                                                   Problems& problems) -> std::shared_ptr<const AccountFile> {
              const std::optional<Node> root = read(file, text, problems);
              return root ? read_account_file(*root, letters, problems) : nullptr;
            }) {}

State FileDirectory::state_of(const AccountFile::Account& account) const {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall().time_since_epoch()).count();
  const bool over = account.expires && now >= *account.expires;
  return account.record.state == State::active && over ? State::expired : account.record.state;
}

Answer FileDirectory::login(std::string_view login, const Deadline&) {
  const auto file = file_.current();
  if (file == nullptr) return Answer::unsure(file_.path() + " could not be read yet");
  const auto key = login_form(login, {}, letters_);
  if (!key || !is_legal_key(login)) return Answer::no();
  const auto found = file->logins.find(*key);
  if (found == file->logins.end()) return Answer::no();
  Record record = found->second.record;
  record.state = state_of(found->second);
  return Answer::yes(std::move(record));
}

Answer FileDirectory::address(std::string_view local, std::string_view domain, const Deadline&) {
  const auto file = file_.current();
  if (file == nullptr) return Answer::unsure(file_.path() + " could not be read yet");
  const auto name = Domain::parse(domain);
  if (!name) return Answer::no();
  const std::optional<AddressKey> key =
      local.empty() ? AddressKey{{}, name->text()} : address_key(Mailbox{std::string(local), name, {}}, letters_);
  if (!key) return Answer::no();
  const auto found = file->addresses.find(key->text());
  if (found == file->addresses.end()) return Answer::no();
  Record record = found->second.record;
  const auto account = file->logins.find(found->second.account);
  if (account != file->logins.end()) {
    record.state = state_of(account->second);
    record.facts = account->second.record.facts;
  }
  return Answer::yes(std::move(record));
}

std::optional<std::string> FileDirectory::login_of_system_user(std::string_view user) const {
  const auto file = file_.current();
  if (file == nullptr) return std::nullopt;
  const auto found = file->system.find(std::string(user));
  return found == file->system.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace postern::accounts
