#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/base/ip.h"
#include "policy/dns/domain.h"
#include "policy/dns/health.h"

namespace postern::dns {

/// What DNS says. NXDOMAIN is no error: it is an answer.
enum class Status {
  ok,        ///< there are records
  nodata,    ///< the name exists, without records of this type (RFC 2308 2.2)
  nxdomain,  ///< the name does not exist (RFC 2308 2.1, RFC 8020)
  tempfail,  ///< no answer in time, SERVFAIL, a lying or dead server, a cap reached: nothing is known
  bogus,     ///< DNSSEC validation failed (RFC 4035 5.5)
};
std::string_view name(Status status);

enum class Type : std::uint16_t { a = 1, cname = 5, ptr = 12, mx = 15, txt = 16, aaaa = 28 };
std::string_view name(Type type);

struct Question {
  Domain name;
  Type type;
  friend auto operator<=>(const Question&, const Question&) = default;
};

struct Mx {
  std::uint16_t preference = 0;
  /// lower case, no trailing dot, "" for the root: may be no Domain at all (RFC 7505 3, or plain rubbish)
  std::string host;
  friend bool operator==(const Mx&, const Mx&) = default;
};

/// How far an answer can be relied on, the surest first. A 5xx rests on the first two alone (docs/dns.md).
enum class Trust {
  local,    ///< a zone file says so
  servers,  ///< the servers say so, and nothing is wrong with them as far as we know
  stale,    ///< they said so once; it is past its age, and no new answer was to be had (RFC 8767)
  doubted,  ///< they say so while the canary is in doubt of them
};

/// The answer to one question, immutable and shared. Records are those of the type asked for, CNAMEs followed, at most
/// 100.
struct Answer {
  Status status = Status::tempfail;
  std::vector<IpAddress> addresses;  ///< A, AAAA
  std::vector<Mx> mx;                ///< in order of preference, then as they came
  std::vector<std::string> names;    ///< PTR, CNAME: lower case, no trailing dot
  std::vector<std::string> texts;    ///< TXT, each record's strings joined
  std::string canonical_name;        ///< where the CNAMEs led, empty without any
  bool secure = false;               ///< validated by DNSSEC
  Trust trust = Trust::servers;
  bool late = false;     ///< tempfail only since the caller's deadline came; the question is still under way
  bool unasked = false;  ///< tempfail since a cap or the breaker let nobody be asked
  std::chrono::seconds ttl{0};
  std::string problem;  ///< why tempfail or bogus, for the log

  bool has_records() const { return !addresses.empty() || !mx.empty() || !names.empty() || !texts.empty(); }
};
using AnswerPtr = std::shared_ptr<const Answer>;  ///< never null

/// Asks DNS. Blocking, thread-safe; answers are shared with whoever asks the same.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// Announces a question that will be asked soon; never waits.
  virtual void prefetch(const Question& question) = 0;
  /// The answer; `tempfail` with `late` when it is not there by `deadline` (the lookup goes on and fills the cache).
  virtual AnswerPtr query(const Question& question, const Deadline& deadline) = 0;
  /// The same past every cache of ours and of the resolver: before NXDOMAIN costs somebody a 5xx.
  virtual AnswerPtr query_uncached(const Question& question, const Deadline& deadline) = 0;

  /// Who answers for the whole of a message that begins now: this, or what it stands for at the moment.
  virtual std::shared_ptr<Resolver> current() { return {std::shared_ptr<void>(), this}; }

  /// Looks after the servers: to be called about once a second. Never waits.
  virtual void tick() {}
  /// Is the canary anything but green? Then no 5xx may rest on what the servers say.
  virtual bool in_doubt() const { return false; }
  virtual Health health() const { return {}; }
};

/// A and AAAA of one name as one answer: both are asked at once. ok when either has addresses; bogus when either is;
/// tempfail when one is and the other found none; else nxdomain or nodata.
Answer addresses(Resolver& resolver, const Domain& name, const Deadline& deadline);

}  // namespace postern::dns
