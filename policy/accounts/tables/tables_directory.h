#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/directory.h"
#include "policy/accounts/lookup.h"
#include "policy/base/counters.h"

namespace postern::accounts {

/// Tables by what they are for, each role with any number of them. Values are lists, with commas or blanks between.
struct Tables {
  std::vector<std::shared_ptr<Source>> senders{};    ///< smtpd_sender_login_maps: address → logins that own it
  std::vector<std::shared_ptr<Source>> mailboxes{};  ///< virtual_mailbox_maps: address → anything: it takes mail
  std::vector<std::shared_ptr<Source>> aliases{};    ///< virtual_alias_maps: address → addresses and logins
  std::vector<std::shared_ptr<Source>> logins{};     ///< login → its own addresses
};

/// A directory of Postfix's tables, asked with its keys: `user@domain`, quoted where the local part must be (as Postfix
/// asks), and the bare `user` where the domain is one of `local_domains` ($mydestination, in A-labels). `@domain` is
/// asked for `@domain` alone: who asks takes extensions off before that, as Postfix does.
///
/// An address is known when any table of senders, mailboxes or aliases has it; its owners and its targets are those of
/// all tables together, never of the first alone: an alias that stands beside a mailbox takes nobody's address away
/// (FIELD pain 7). `user@domain` comes before `user`: a table of the first kind makes the second not asked. An address
/// that only senders know takes no mail (Record::mailbox). A login is known when `logins` has it.
///
/// A union is whole only when all of it was asked: where one table fails the answer is unsure, whatever others said,
/// and holds no record. A question that no table serves is silent.
class TablesDirectory final : public Directory {
 public:
  /// Items over kMostRows are left out, and counted as "accounts.tables.capped".
  TablesDirectory(std::string name, Tables tables, Counters& counters, std::vector<std::string> local_domains = {});

  std::string_view name() const override { return name_; }
  Answer login(std::string_view login, const Deadline& deadline) override;
  Answer address(std::string_view local, std::string_view domain, const Deadline& deadline) override;
  std::vector<std::string> refresh() override;
  std::string trouble() const override;

 private:
  const std::string name_;
  const Tables tables_;
  const std::vector<std::string> local_domains_;
  Counter& capped_;
};

/// The items of a table's value: with commas or blanks between them, which quotes protect.
std::vector<std::string> table_items(std::string_view value);

}  // namespace postern::accounts
