#pragma once

#include <map>
#include <utility>

#include "policy/auth/dmarc/dmarc.h"

namespace postern::dmarc {

/// Is it the text of a DMARC record, usable or not? Others at the same name are passed over (RFC 9989 4.10 step 2).
bool is_record(std::string_view text);

/// What `_dmarc.NAME` says.
struct Published {
  enum class Kind {
    nothing,   ///< no DMARC record
    several,   ///< more than one, which are all discarded
    unusable,  ///< one, of which nothing can be used
    record,
    unknown,  ///< `status` is tempfail or bogus
  } kind = Kind::nothing;
  dns::Status status = dns::Status::ok;
  std::optional<Record> record = {};
};

/// The names that the tree walk from `domain` asks, at most 8, itself first (RFC 9989 4.10).
std::vector<Domain> walk_targets(const Domain& domain);

/// Finds records and organizations for one evaluation: no name is asked twice.
class Discovery {
 public:
  /// Both outlive it.
  Discovery(Model model, dns::Resolver& dns, const Deadline& deadline)
      : model_(model), dns_(dns), deadline_(deadline) {}

  const Published& at(const Domain& domain);

  /// The tree walk from `domain`: the records on its way, the longest name first; it ends at a `psd=`.
  struct Walk {
    dns::Status status = dns::Status::ok;  ///< tempfail or bogus: a name on the way did not answer
    std::vector<std::pair<Domain, Record>> found;
  };
  Walk walk(const Domain& domain);
  Organization organization(const Domain& domain);
  /// The same, if it takes no question more.
  std::optional<Domain> known_organization(const Domain& domain);
  /// The organizational domain of the walk's start.
  static Domain select(const Domain& start, const Walk& walk);

  /// Does `domain` share the organization of `author`? Nothing where DNS does not tell.
  std::optional<bool> share_organization(const Domain& domain, const Domain& author);
  /// Of RFC 9989 3.2.10: the same name, or where relaxed the same organization.
  std::optional<bool> aligned(const Domain& domain, const Domain& author, Alignment mode);

 private:
  const Model model_;
  dns::Resolver& dns_;
  const Deadline& deadline_;
  std::map<Domain, Published> published_;
};

}  // namespace postern::dmarc
