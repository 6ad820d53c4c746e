#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/mail/address.h"

namespace postern::accounts {

/// May an account be used?
enum class State {
  active,
  suspended,  ///< switched off by somebody
  expired,    ///< its time is over
};
std::string_view name(State state);

/// What one directory knows of a login or an address. Everything is as the directory writes it; who compares
/// normalizes (identity.h).
struct Record {
  State state = State::active;
  std::string login;                   ///< the account's login, where the directory tells it
  std::vector<std::string> addresses;  ///< own addresses: of a login, those it is; of an address, its other names
  std::vector<std::string> grants;     ///< what the login may send as beside its own, in the grant language (grant.h)
  std::vector<std::string> behalf;     ///< addresses it may act for, with a Sender field (RFC 5322 3.6.2)
  std::vector<std::string> owners;     ///< of an address: logins it belongs to
  std::vector<std::string> delegates;  ///< of an address: logins that may act for it, with a Sender field
  std::vector<std::string> targets;    ///< of an alias: addresses or logins that it leads to
  bool sendable = true;                ///< of an alias: may those it leads to send as it?
  bool mailbox = true;                 ///< of an address: it takes mail (false: known for sending alone)
  std::map<std::string, std::string, std::less<>> facts;  ///< `account.NAME`
};

/// What a directory answers.
struct Answer {
  enum class Kind {
    yes,     ///< `record` stands
    no,      ///< it knows no such login or address
    unsure,  ///< it cannot tell now: down, slow, broken
    silent,  ///< it is never asked such a thing
  };
  Kind kind = Kind::silent;
  Record record;
  std::string problem;  ///< of unsure: why, for the log
  bool late = false;    ///< unsure only since the caller's time was over
  bool stale = false;   ///< an old answer, given since no new one was to be had

  static Answer yes(Record record) { return {Kind::yes, std::move(record), {}, false, false}; }
  static Answer no() { return {Kind::no, {}, {}, false, false}; }
  static Answer unsure(std::string why, bool late = false) { return {Kind::unsure, {}, std::move(why), late, false}; }
};

/// A directory of accounts: who may log in, and which addresses are whose. Thread-safe.
class Directory {
 public:
  virtual ~Directory() = default;
  virtual std::string_view name() const = 0;
  /// What is known of the login, as SASL gave it. Waits no longer than `deadline`.
  virtual Answer login(std::string_view login, const Deadline& deadline) = 0;
  /// What is known of the address: `local@domain`, the domain in A-labels, the local part as it came but in NFC and,
  /// unless `accounts` say otherwise, folded. The same for `@domain`, which stands for every address of the domain
  /// (a catch-all), where `local` is empty.
  virtual Answer address(std::string_view local, std::string_view domain, const Deadline& deadline) = 0;
  /// The login of a user of this machine, by name or number, whose mail is picked up here. Never waits.
  virtual std::optional<std::string> login_of_system_user(std::string_view) const { return std::nullopt; }
  virtual std::vector<std::string> refresh() { return {}; }
  /// Why it can not be asked at the moment; empty while it can. May hold hostile text, no secret.
  virtual std::string trouble() const { return {}; }
};

/// The directories of a configuration, in its order.
using Directories = std::vector<std::shared_ptr<Directory>>;

}  // namespace postern::accounts
