#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "policy/base/deadline.h"
#include "policy/base/ip.h"
#include "policy/dns/resolver.h"

namespace postern::spf {

/// The results of RFC 7208 2.6, spelled as Authentication-Results spells them.
enum class Status { none, neutral, pass, fail, softfail, temperror, permerror };
std::string_view name(Status status);

/// Whose permission is asked for (RFC 7208 2.3, 2.4).
enum class Identity { mail_from, helo };
/// As Received-SPF and Authentication-Results write it: "mailfrom", "helo".
std::string_view name(Identity identity);

struct Query {
  IpAddress client;
  std::string helo;  ///< as the client greets
  std::string
      mail_from;  ///< the reverse-path without its brackets; empty: the null one, postmaster@HELO (RFC 7208 2.4)
  Identity identity = Identity::mail_from;
  std::string receiver = {};   ///< our own name, for the macro `r`; "unknown" without
  std::int64_t unix_time = 0;  ///< for the macro `t`
};

/// What an evaluation may cost (RFC 7208 4.6.4).
struct Options {
  int lookups = 10;      ///< terms that ask DNS
  int void_lookups = 2;  ///< questions of theirs without an answer
  int names = 10;        ///< names of one `mx` or `ptr` that are looked at
  bool explain = false;  ///< `exp=` is looked up after a fail
};

struct Result {
  Status status = Status::none;
  Identity identity = Identity::mail_from;
  std::string domain;       ///< that was asked, as far as it is a domain; lower case
  std::string mechanism;    ///< that decided, as its record writes it: "-all"; "default" where none did
  std::string reason;       ///< for the log and Received-SPF; may hold hostile text
  std::string explanation;  ///< of a fail, with Options::explain; printable ASCII
  int lookups = 0;          ///< terms that asked DNS
  bool capped = false;      ///< a permerror since a limit was reached
};

/// check_host() of RFC 7208 4: may `client` send as that identity?
///
/// Always returns a result; no answer in time, and everything that could not be found out, is `temperror`. Asks within
/// `options`; what an include or a redirect will ask is announced ahead. Blocks no longer than `deadline`. Thread-safe.
Result check(const Query& query, dns::Resolver& dns, const Deadline& deadline, const Options& options = {});

/// The value of a Received-SPF field (RFC 7208 9.1), folded; control bytes and non-ASCII of strangers encoded.
std::string received_spf(const Result& result, const Query& query);

}  // namespace postern::spf
