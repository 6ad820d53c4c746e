#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/directory.h"
#include "policy/accounts/lookup.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/settings.h"

namespace postern::accounts {

/// A field of the rows that becomes `account.NAME`.
struct FactField {
  enum class Type { text, number, yes_no };
  std::string name;
  std::string field;  ///< lower case
  Type type = Type::text;
};

/// A Directory over a Source: reads the rows of its replies. Fields, in lower case:
///
///     login, user                     the account's login; the first that is there counts
///     active                          yes no y n true false t f on off 1 0
///     state                           active, suspended (disabled, locked), expired
///     expires                         a date (2026-12-31, its last day, UTC), date and time, or seconds since 1970;
///                                     0 and nothing are never
///     address, addresses, mail, email own addresses
///     grant, grants                   what may be sent as (grant.h)
///     behalf, owner, owners, delegate, delegates
///     target, targets, goto, destination
///     sendable                        as active
///
/// and the facts. Lists are separated by commas or blanks; several rows are joined. A state that cannot be read is
/// unsure, never active: strangers must not profit from a misspelt column. A fact that is not of its type is absent and
/// counts in accounts.bad_facts. Other fields are passed over.
///
/// Where the source does not know addresses, an address is asked for as a login: in many mail systems it is one.
class RowsDirectory final : public Directory {
 public:
  /// `clock` and `counters` outlive it.
  RowsDirectory(std::string name, std::shared_ptr<Source> source, std::vector<FactField> facts, const Clock& clock,
                Counters& counters);

  std::string_view name() const override { return name_; }
  Answer login(std::string_view login, const Deadline& deadline) override;
  Answer address(std::string_view local, std::string_view domain, const Deadline& deadline) override;
  std::vector<std::string> refresh() override { return source_->refresh(); }
  std::string trouble() const override { return source_->trouble(); }

 private:
  Answer ask(Lookup lookup, std::string key, const Deadline& deadline);
  Answer read(const Reply& reply);
  // False, and `problem`, where a state cannot be read.
  bool add(Record& record, std::string_view field, const std::string& value, std::string& problem);
  bool add_state(Record& record, std::string_view field, std::string_view value);
  void add_fact(Record& record, const FactField& fact, const std::string& value);

  const std::string name_;
  const std::shared_ptr<Source> source_;
  const std::vector<FactField> facts_;
  const Clock& clock_;
  Counter& bad_facts_;
  Counter& unreadable_;
};

/// `facts: {NAME: text|number|yes-no}` of `type: sql`. Mistakes go to the problems of `settings`.
std::vector<FactField> read_typed_facts(Settings& settings);
/// The same of `facts: {NAME: attribute}` of `type: ldap`, whose rows have them as `fact.NAME`. Tells nothing: the
/// connector does.
std::vector<FactField> facts_of_attributes(const Node* facts);

}  // namespace postern::accounts
