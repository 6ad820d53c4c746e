#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/deadline.h"
#include "policy/dns/domain.h"
#include "policy/dns/resolver.h"
#include "policy/mail/header_address.h"

namespace postern::dmarc {

enum class Model {
  rfc9989,  ///< the tree walk
  psl,      ///< RFC 7489: the public suffix list
};
enum class Policy { none, quarantine, reject };
enum class Alignment { relaxed, strict };
std::string_view name(Policy policy);

/// A DMARC policy record (RFC 9989 4.7, RFC 7489 6.3).
struct Record {
  std::optional<Policy> p, sp, np;
  Alignment adkim = Alignment::relaxed;
  Alignment aspf = Alignment::relaxed;
  enum class Psd { yes, no, unknown } psd = Psd::unknown;
  bool testing = false;          ///< t=y
  int pct = 100;                 ///< of RFC 7489 alone
  std::vector<std::string> rua;  ///< as they stand, at most 20
  std::vector<std::string> ruf;
  std::string fo = "0";
};
/// Nothing where the text is no record that can be used.
std::optional<Record> parse_record(std::string_view text);

/// The author's domain of a message (RFC 9989 5.3.1 / RFC 7489 6.6.1).
struct Author {
  std::optional<Domain> domain;  ///< nothing: see `problem`. Never a guess: what programs may read in two ways is none
  std::string problem;           ///< "several From fields"
};
Author author(const HeaderAddresses& addresses);

/// The organizational domain of `domain`: by the tree walk (RFC 9989 4.10), or by the public suffix list.
struct Organization {
  dns::Status status = dns::Status::ok;  ///< tempfail or bogus: not known
  std::optional<Domain> domain;          ///< `domain` itself where there is none above it
};
Organization organizational_domain(const Domain& domain, Model model, dns::Resolver& dns, const Deadline& deadline);

/// Questions of the discovery for `author`, to be announced when From is known.
std::vector<dns::Question> questions(const Domain& author, Model model);

/// An identifier that authenticated: the domain of an SPF pass, or the d= of a DKIM pass that counts.
struct Authenticated {
  Domain domain;
  std::string selector = {};  ///< of DKIM
};

struct Input {
  Domain author;
  std::optional<Domain> spf;                  ///< of a pass for MAIL FROM (or for HELO with the null reverse-path)
  std::vector<Authenticated> dkim;            ///< of passes
  std::optional<Domain> spf_unanswered = {};  ///< of a temperror: it might have been a pass
  std::vector<Domain> dkim_unanswered = {};   ///< likewise
  Model model = Model::rfc9989;
  int most_dkim = 16;  ///< looked at, at most
};

enum class Status { none, pass, fail, temperror, permerror };
std::string_view name(Status status);

struct Result {
  Status status = Status::none;
  std::string reason;
  Domain author;
  std::optional<Domain> policy_domain;  ///< whose record applies
  std::optional<Domain> organization;   ///< of the author; nothing where nobody had to know it
  std::optional<Record> record;
  Policy policy = Policy::none;       ///< that the domain asks for: p, sp or np
  Policy disposition = Policy::none;  ///< what is left of it after t= (RFC 9989) or pct= (RFC 7489); none of a pass
  bool spf_aligned = false;
  bool dkim_aligned = false;     ///< of at least one of them
  std::string aligned_selector;  ///< of the first DKIM domain that is aligned …
  std::optional<Domain> aligned_domain;
  bool nonexistent = false;  ///< np applied: the author's domain does not exist
  explicit Result(Domain of) : author(std::move(of)) {}
};

/// Evaluates DMARC (RFC 9989 5.3). A DNS failure is temperror, never none (FAULTS T35); at most 8 questions for each walk.
/// `percent` of RFC 7489's pct= is decided by `dice`, 0 to 99. Blocks no longer than `deadline`. Thread-safe.
Result evaluate(const Input& input, dns::Resolver& dns, const Deadline& deadline, int dice = 0);

/// Is `domain` aligned with `author`?  (RFC 9989 3.2.10)
bool is_aligned(const Domain& domain, const Domain& author, Alignment mode, Model model, dns::Resolver& dns,
                const Deadline& deadline);

}  // namespace postern::dmarc
