#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/limits/ledger.h"

namespace postern::limits {

/// Whose behaviour is looked at.
struct Subject {
  enum class Kind { login, network };
  Kind kind = Kind::login;
  std::string name;  ///< the login; the network of a client that has none
};

/// Where and when the subject speaks to us.
struct Circumstances {
  std::string address;  ///< network of the client (/24, /64); empty where unknown
  std::string country;  ///< ISO code; empty where unknown
  std::string asn;
  int hour = 0;  ///< of the day, where the server is
};

/// A message that was taken.
struct Sent {
  std::vector<std::string> recipients;  ///< folded addresses
  std::string subject;                  ///< decoded
  std::uint64_t body = 0;               ///< body_likeness(); 0 where it is not known
};

enum class Level { normal, unusual, suspicious };

/// What one sign of an account gone wrong has come to.
struct Sign {
  std::string_view name;  ///< "first-time-recipients"
  std::int64_t value = 0;
  std::int64_t unusual = 0;  ///< from here on it is
  std::int64_t suspicious = 0;
};

struct Judgement {
  Level level = Level::normal;
  bool known = true;        ///< false: what it rests on could not be asked
  std::vector<Sign> signs;  ///< those that are not normal, the gravest first
};

/// Thresholds, and how long to learn; defaults are those that docs/behaviour.md derives.
struct BehaviourSettings;

/// Watches what accounts and networks do, by counts in the ledger alone: so it is bounded, survives a restart and is shared
/// by several machines as limits are. Thread-safe.
class Behaviour {
 public:
  Behaviour(const BehaviourSettings& settings, Ledger& ledger);
  ~Behaviour();

  /// What to think of the subject, who now wants to write to one more recipient besides `pending` ones of the same message
  /// that were taken already. Counts nothing. One look() of the ledger, no longer than `deadline`.
  Judgement judge(const Subject& subject, const Circumstances& where, std::string_view recipient,
                  std::span<const std::string> pending, const Deadline& deadline) const;
  /// Counts a message that was taken. May look into the ledger, so it may wait until `deadline`.
  void sent(const Subject& subject, const Circumstances& where, const Sent& message, const Deadline& deadline) const;
  /// Frozen or released, the subject is judged by what comes from now on: what its signs rest on is forgotten, but not
  /// whom it knows and where it speaks from. `where` may be null. May wait until `deadline`.
  void begin_anew(const Subject& subject, const Circumstances* where, const Deadline& deadline) const;
  /// Counts a recipient that was refused for good. Never waits.
  void refused(const Subject& subject) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace postern::limits
