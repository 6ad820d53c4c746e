#include "policy/accounts/account_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <unordered_set>
#include <vector>

#include "policy/accounts/identity/normal_form.h"
#include "policy/accounts/lookup.h"
#include "policy/base/settings.h"
#include "policy/base/text.h"
#include "policy/rules/list_entries.h"

namespace postern::accounts {

namespace {

constexpr std::string_view kGroup = "group:";

class Reader {
 public:
  Reader(LetterCase letters, Problems& problems)
      : letters_(letters), problems_(problems), file_(std::make_shared<AccountFile>()) {}

  std::shared_ptr<const AccountFile> read(const Node& root) {
    if (root.is_null()) {  // local: what a full disk leaves behind would refuse everybody's mail
      wrong(root, "the file is empty", "where there is nobody yet, write accounts: {}");
      return nullptr;
    }
    if (!is_map(root, "the file", {"accounts", "aliases", "shared", "groups", "system"})) return nullptr;
    // Groups come first, since grants name them; aliases last, since they may shadow.
    groups(root.find("groups"));
    each(root.find("accounts"), "accounts", [this](const Node& key, const Node& value) { account(key, value); });
    members();
    each(root.find("shared"), "shared", [this](const Node& key, const Node& value) { shared(key, value); });
    each(root.find("aliases"), "aliases", [this](const Node& key, const Node& value) { alias(key, value); });
    each(root.find("system"), "system", [this](const Node& key, const Node& value) { system_user(key, value); });
    return file_;
  }

 private:
  struct Group {
    std::vector<std::string> addresses;
    std::vector<const Node*> members;
  };

  void wrong(const Node& at, std::string message, std::string hint = {}) {
    problems_.error(at.where, std::move(message), std::move(hint));
  }

  bool is_map(const Node& node, std::string_view what, std::initializer_list<const char*> keys) {
    if (!node.is_map()) {
      wrong(node, fmt::format("{} wants a map, not {}", what, node.describe()));
      return false;
    }
    const std::vector<std::string> known(keys.begin(), keys.end());
    for (const auto& [key, value] : node.entries) {
      if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
      const std::string hint = did_you_mean(key.text, known);
      wrong(key, fmt::format("{} has no \"{}\"", what, printable(key.text)),
            hint.empty() ? "it may have " + join(known, ", ") : hint);
    }
    return true;
  }

  template <class Use>
  void each(const Node* section, std::string_view what, Use use) {
    if (section == nullptr || section->is_null()) return;
    if (!section->is_map()) return wrong(*section, fmt::format("{} wants a map, not {}", what, section->describe()));
    for (const auto& [key, value] : section->entries) use(key, value);
  }

  /// The texts of a list, or one text standing for a list of one.
  std::vector<const Node*> texts(const Node* node, std::string_view what) {
    std::vector<const Node*> found;
    if (node == nullptr || node->is_null()) return found;
    if (node->is_scalar()) return {node};
    if (!node->is_list()) wrong(*node, fmt::format("{} wants a list, not {}", what, node->describe()));
    for (const Node& item : node->items) {
      if (item.is_scalar()) {
        found.push_back(&item);
      } else {
        wrong(item, fmt::format("{} wants texts, not {}", what, item.describe()));
      }
    }
    if (found.size() > kMostRows) {
      wrong(*node, fmt::format("{} has over {} entries", what, kMostRows));
      found.resize(kMostRows);
    }
    return found;
  }

  std::optional<std::string> key_of(std::string_view text) const {
    const auto key = address_key(text, letters_);
    return key && !key->domain.starts_with('[') ? std::optional(key->text()) : std::nullopt;
  }
  /// Empty for what no login can be compared with.
  std::string login_key(std::string_view text) const { return login_form(text, {}, letters_).value_or(""); }

  /// The key of an address, which is told when it is none.
  std::optional<std::string> address(const Node& node) {
    auto key = key_of(node.text);
    if (!key) wrong(node, fmt::format("\"{}\" is no address", printable(node.text)), "write local@domain");
    if (key && key->front() == '@') {
      wrong(node, fmt::format("\"{}\" stands for a whole domain: only aliases may", printable(node.text)));
      key.reset();
    }
    return key;
  }

  AccountFile::Account* account_of(const Node& login, std::string_view what) {
    const auto found = file_->logins.find(login_key(login.text));
    if (found != file_->logins.end()) return &found->second;
    wrong(login, fmt::format("{}: there is no account \"{}\"", what, printable(login.text)),
          did_you_mean(login.text, logins_));
    return nullptr;
  }

  void groups(const Node* section) {
    each(section, "groups", [this](const Node& key, const Node& value) {
      if (!is_map(value, "a group", {"addresses", "members"})) return;
      Group group;
      for (const Node* item : texts(value.find("addresses"), "addresses")) {
        if (const auto own = address(*item)) {
          group.addresses.push_back(item->text);
          group_addresses_.push_back(*own);
        }
      }
      group.members = texts(value.find("members"), "members");
      group_names_.push_back(key.text);
      groups_.emplace(key.text, std::move(group));
    });
  }

  void own(const Node& at, const std::string& key, const std::string& login) {
    const auto [found, fresh] = file_->addresses.try_emplace(key);
    if (!fresh && found->second.account != login) {
      return wrong(at, fmt::format("{} is {}'s already", printable(at.text), printable(found->second.record.login)),
                   "an address of several belongs under shared");
    }
    found->second.account = login;
    found->second.record.login = file_->logins[login].record.login;
    found->second.record.owners = {found->second.record.login};
  }

  void account(const Node& key, const Node& value) {
    const std::string login = login_key(key.text);
    if (login.empty() || key.text.size() > kMostKeyBytes)
      return wrong(key, fmt::format("\"{}\" can be no login", printable(key.text)),
                   "up to 512 bytes, and none that cannot be seen");
    const auto [found, fresh] = file_->logins.try_emplace(login);
    if (!fresh) return wrong(key, fmt::format("the account \"{}\" stands above already", printable(key.text)));
    logins_.push_back(key.text);
    AccountFile::Account& account = found->second;
    account.record.login = key.text;
    if (const auto itself = key_of(key.text); itself && itself->front() != '@') {
      account.record.addresses.push_back(key.text);
      own(key, *itself, login);
    }
    if (value.is_null()) return;
    if (!is_map(value, "an account", {"addresses", "state", "expires", "grants", "behalf", "facts"})) return;
    for (const Node* item : texts(value.find("addresses"), "addresses")) {
      const auto address_key = address(*item);
      if (!address_key) continue;
      account.record.addresses.push_back(item->text);
      own(*item, *address_key, login);
    }
    for (const Node* item : texts(value.find("behalf"), "behalf")) {
      if (address(*item)) account.record.behalf.push_back(item->text);
    }
    for (const Node* item : texts(value.find("grants"), "grants")) grant(account.record, *item);
    state(account, value);
    each(value.find("facts"), "facts", [&](const Node& name, const Node& fact) {
      if (!fact.is_scalar()) return wrong(fact, fmt::format("a fact is a text, not {}", fact.describe()));
      account.record.facts.emplace(name.text, fact.text);
    });
  }

  void state(AccountFile::Account& account, const Node& value) {
    if (const Node* node = value.find("state")) {
      if (node->text == "suspended") {
        account.record.state = State::suspended;
      } else if (node->text != "active") {
        wrong(*node, fmt::format("there is no state \"{}\"", printable(node->text)), "active or suspended");
      }
    }
    if (const Node* node = value.find("expires")) {
      account.expires = rules::parse_until(node->text);
      if (!account.expires) wrong(*node, fmt::format("\"{}\" is no day", printable(node->text)), "write 2026-12-31");
    }
  }

  void grant(Record& record, const Node& node) {
    if (!node.text.starts_with(kGroup)) return record.grants.push_back(node.text);
    const std::string name = node.text.substr(kGroup.size());
    const auto group = groups_.find(name);
    if (group == groups_.end())
      return wrong(node, fmt::format("there is no group \"{}\"", printable(name)), did_you_mean(name, group_names_));
    give(record, group->second);
  }

  static void give(Record& record, const Group& group) {
    for (const std::string& address : group.addresses) {
      if (std::find(record.grants.begin(), record.grants.end(), address) == record.grants.end())
        record.grants.push_back(address);
    }
  }

  void members() {
    for (const std::string& name : group_names_) {
      const Group& group = groups_.at(name);
      for (const Node* member : group.members) {
        if (AccountFile::Account* account = account_of(*member, "members")) give(account->record, group);
      }
    }
    for (const std::string& key : group_addresses_) {
      const auto [found, fresh] = file_->addresses.try_emplace(key);
      if (fresh) found->second.record.mailbox = false;  // as far as this goes: an alias may yet say where it leads
    }
  }

  void shared(const Node& key, const Node& value) {
    const auto shared_key = address(key);
    if (!shared_key || !is_map(value, "a shared address", {"owners", "delegates"})) return;
    AccountFile::Address& entry = file_->addresses[*shared_key];
    if (!entry.account.empty() || !seen_shared_.insert(*shared_key).second)
      return wrong(key, fmt::format("{} stands above already", printable(key.text)),
                   entry.account.empty() ? "" : "it is an account's own: make the other its delegate by behalf");
    entry.record.mailbox = true;
    const auto add = [&](std::vector<std::string>& list, const char* what) {
      for (const Node* item : texts(value.find(what), what)) {
        if (const auto* account = account_of(*item, what)) list.push_back(account->record.login);
      }
    };
    add(entry.record.owners, "owners");
    add(entry.record.delegates, "delegates");
  }

  void alias(const Node& key, const Node& value) {
    const auto alias_key = key_of(key.text);
    if (!alias_key)
      return wrong(key, fmt::format("\"{}\" is no address", printable(key.text)), "write local@domain or \"@domain\"");
    if (!seen_aliases_.insert(*alias_key).second)
      return wrong(key, fmt::format("the alias {} stands above already", printable(key.text)));
    AccountFile::Address& entry = file_->addresses[*alias_key];
    if (!entry.account.empty())
      problems_.warning(
          key.where,
          fmt::format("the alias {} shadows the mailbox of {}", printable(key.text), printable(entry.record.login)),
          "both may send as it; mail goes where the alias leads");
    entry.record.mailbox = true;
    const Node* to = &value;
    if (value.is_map()) {
      is_map(value, "an alias", {"to", "sendable"});
      to = value.find("to");
      if (const Node* node = value.find("sendable"); node != nullptr && !parse_flag(node->text, entry.record.sendable))
        wrong(*node, fmt::format("sendable: \"{}\" is neither yes nor no", printable(node->text)));
    }
    for (const Node* item : texts(to, "an alias")) target(entry.record, *item);
    if (entry.record.targets.empty() && (to == nullptr || to->is_null() || to->is_list()))
      wrong(key, fmt::format("the alias {} leads nowhere", printable(key.text)));
  }

  void target(Record& record, const Node& node) {
    const auto key = key_of(node.text);
    if (key ? key->front() == '@' : file_->logins.count(login_key(node.text)) == 0)
      return wrong(node, fmt::format("\"{}\" is neither an address nor an account", printable(node.text)),
                   did_you_mean(node.text, logins_));
    record.targets.push_back(node.text);
  }

  void system_user(const Node& key, const Node& value) {
    if (!value.is_scalar()) return wrong(value, fmt::format("system wants a login, not {}", value.describe()));
    if (const auto* account = account_of(value, "system")) file_->system.emplace(key.text, account->record.login);
  }

  const LetterCase letters_;
  Problems& problems_;
  std::shared_ptr<AccountFile> file_;
  std::vector<std::string> logins_;  ///< as they are written, for hints
  std::unordered_map<std::string, Group> groups_;
  std::vector<std::string> group_names_;
  std::vector<std::string> group_addresses_;  ///< their keys
  std::unordered_set<std::string> seen_shared_, seen_aliases_;
};

}  // namespace

std::shared_ptr<const AccountFile> read_account_file(const Node& root, LetterCase letters, Problems& problems) {
  Problems own;
  std::shared_ptr<const AccountFile> file = Reader(letters, own).read(root);
  for (const Problem& problem : own.sorted()) problems.add(problem);
  return own.usable() ? file : nullptr;
}

}  // namespace postern::accounts
