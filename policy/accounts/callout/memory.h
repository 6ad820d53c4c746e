#pragma once

#include <optional>
#include <string>

#include "policy/accounts/callout/options.h"
#include "policy/accounts/callout/record.h"
#include "policy/base/ip.h"
#include "policy/mail/address.h"
#include "policy/store/store.h"

namespace postern::callout {

/// What was found before, and how long it is believed. Thread-safe.
class Memory {
 public:
  /// `scope` stands before each key, so that several may share a store.
  Memory(store::Store& store, const CacheTimes& times, std::string scope = {})
      : store_(store), times_(times), scope_(std::move(scope)) {}

  /// What is believed of the mailbox; nothing where it must be asked.
  std::optional<Record> address(const Mailbox& mailbox, WallTime now) const;
  /// Keeps what was found: exists, missing, or unknown. A mailbox that is believed to exist stays so until its time is
  /// over, whatever came of asking again (Postfix: optimistic caching).
  void put_address(const Mailbox& mailbox, Record found, WallTime now);
  /// Asking again brought nothing of the mailbox itself: not at once once more.
  void put_off_refresh(const Mailbox& mailbox, WallTime now);

  std::optional<Record> accept_all(const Domain& domain, WallTime now) const;
  /// Refused an invented mailbox lately?
  bool is_selective(const Domain& domain, WallTime now) const;
  /// Its hosts refused us, or could not be reached.
  std::optional<Record> trouble(const Domain& domain, WallTime now) const;
  void put_accept_all(const Domain& domain, const std::string& reason, WallTime now);
  void put_selective(const Domain& domain, WallTime now);
  void put_trouble(const Domain& domain, Cause cause, const std::string& reason, WallTime now);

  /// Whoever told us not to ask.
  std::optional<Record> opted_out(const Domain& domain, WallTime now) const;
  bool is_opted_out(const IpAddress& host, WallTime now) const;
  void put_opted_out(const Domain& domain, const IpAddress& host, const std::string& reason, WallTime now);

 private:
  std::optional<Record> get(store::Space space, const std::string& key) const;
  std::optional<Record> fresh(store::Space space, const std::string& key, WallTime now) const;
  void put(store::Space space, const std::string& key, const Record& record, WallTime expires);
  std::string key(std::string_view what, std::string_view of) const;

  store::Store& store_;
  const CacheTimes times_;
  const std::string scope_;
};

}  // namespace postern::callout
