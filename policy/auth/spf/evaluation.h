#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "policy/auth/spf/client_names.h"
#include "policy/auth/spf/record.h"
#include "policy/auth/spf/spf.h"

namespace postern::spf {

/// Who is asked about, the same through all records (RFC 7208 4.1).
struct Sender {
  std::string local_part;
  std::string domain;  ///< A-labels
  std::string helo;
};

/// What check_host() says of one domain.
struct Verdict {
  Status status = Status::none;
  std::string mechanism = "default";  ///< RFC 7208 9.1
  std::string reason = {};
  bool capped = false;
  std::optional<Domain> domain = {};            ///< whose record said so, behind its redirects
  std::optional<MacroString> explanation = {};  ///< that record's
};

/// One evaluation, with what it has cost so far. What `query`, `sender` and the rest refer to outlives it.
class Evaluation {
 public:
  Evaluation(const Query& query, const Sender& sender, dns::Resolver& dns, const Deadline& deadline,
             const Options& options)
      : query_(query), sender_(sender), dns_(dns), deadline_(deadline), options_(options) {}

  /// RFC 7208 4, from the record lookup on.
  Verdict check_host(Domain domain);
  /// The explanation of a fail (RFC 7208 6.2): printable ASCII, empty where there is none.
  std::string explain(const Verdict& fail);
  /// Terms that asked DNS.
  int lookups() const { return lookups_; }

 private:
  enum class Match { no, yes, stop };  // stop: the evaluation ends with `stopped_`

  std::variant<Record, Verdict> find_record(const Domain& domain);
  Match matches(const Mechanism& mechanism, const Domain& domain);
  Match matches_address(const Mechanism& mechanism, const Domain& target);
  Match matches_mx(const Mechanism& mechanism, const Domain& target);
  Match matches_exists(const Domain& target);
  Match matches_ptr(const Domain& target);
  Match matches_include(const Domain& target);

  // Counts a term that asks DNS.
  Match count_lookup();
  // yes: there are records; no: none, counted as void.
  Match ask(const dns::Question& question, dns::AnswerPtr& answer);
  Match count_void(const dns::Question& question);
  Match stop(Status status, std::string reason, bool capped = false);
  // The name a term leads to; no: it is none that DNS could have.
  Match find_target(const std::optional<MacroString>& spec, const Domain& domain, std::optional<Domain>& target);
  // Makes client_names_ known, for good; no: the client has none.
  Match find_client_names();
  std::optional<std::string> expand(const MacroString& text, const Domain& domain);
  std::optional<std::string> value_of(char letter, const Domain& domain);
  std::string name_of_client(const Domain& domain) const;

  void announce(const Record& record, const Domain& domain);
  std::optional<dns::Question> question_of(const Mechanism& mechanism, const Domain& domain);
  dns::Type address_type() const { return query_.client.is_v4() ? dns::Type::a : dns::Type::aaaa; }
  bool holds_client(const dns::Answer& answer, const Mechanism& mechanism) const;

  const Query& query_;
  const Sender& sender_;
  dns::Resolver& dns_;
  const Deadline& deadline_;
  const Options& options_;
  int lookups_ = 0;
  int voids_ = 0;
  int announced_ = 0;
  int depth_ = 0;            // of includes
  bool explaining_ = false;  // the result stands: what it costs to explain does not count
  std::optional<ClientNames> client_names_;
  Verdict stopped_;
};

}  // namespace postern::spf
