#include <fmt/format.h>

#include <algorithm>

#include "policy/auth/dmarc/discovery.h"
#include "policy/auth/public_suffix.h"

namespace postern::dmarc {

namespace {

using Kind = Published::Kind;

Policy one_below(Policy policy) { return policy == Policy::reject ? Policy::quarantine : Policy::none; }

/// One evaluation.
class Evaluation {
 public:
  Evaluation(const Input& input, dns::Resolver& dns, const Deadline& deadline)
      : input_(input), dns_(dns), deadline_(deadline), discovery_(input.model, dns, deadline), result_(input.author) {}

  Result run(int dice) {
    if (!find_record()) return std::move(result_);
    align();
    choose_policy();
    conclude(dice);
    return std::move(result_);
  }

 private:
  bool end(Status status, std::string reason) {
    result_.status = status;
    result_.reason = std::move(reason);
    return false;
  }

  bool unknown(const Domain& name, dns::Status status) {
    return end(Status::temperror, fmt::format("_dmarc.{}: {}", name.text(), dns::name(status)));
  }

  bool unknown_above(dns::Status status) {
    return end(Status::temperror, fmt::format("above {}: {}", input_.author.text(), dns::name(status)));
  }

  bool apply(const Domain& of, const Record& record) {
    result_.policy_domain = of;
    result_.record = record;
    return true;
  }

  // Policy discovery. False: that is all.
  bool find_record() {
    const Published& own = discovery_.at(input_.author);
    switch (own.kind) {
      case Kind::record: return apply(input_.author, *own.record);
      case Kind::unknown: return unknown(input_.author, own.status);
      case Kind::unusable:
        return end(Status::permerror, "its record can not be used");  // RFC 8601 2.7, RFC 9989 4.10.1
      case Kind::several:
        if (input_.model == Model::psl) return end(Status::none, "several records");  // RFC 7489 6.6.3 step 5
        break;
      case Kind::nothing: break;
    }
    return input_.model == Model::psl ? find_by_list() : find_by_walk();
  }

  bool find_by_list() {  // RFC 7489 6.6.3
    const auto organization = postern::organizational_domain(input_.author);
    if (!organization || *organization == input_.author) return end(Status::none, "no record");
    const Published& above = discovery_.at(*organization);
    switch (above.kind) {
      case Kind::record: return apply(*organization, *above.record);
      case Kind::unknown: return unknown(*organization, above.status);
      case Kind::unusable:
      case Kind::several:
      case Kind::nothing: break;
    }
    return end(Status::none, "no record");
  }

  bool find_by_walk() {  // RFC 9989 4.10.1
    const auto walk = discovery_.walk(input_.author);
    if (walk.status != dns::Status::ok) {
      // Whichever record turns out to apply, the same name is aligned.
      if (walk.found.empty() || !align_same_names()) return unknown_above(walk.status);
      return end(Status::pass, "aligned by the same name; whose policy applies is not known");
    }
    if (walk.found.empty()) return end(Status::none, "no record");
    // That of the organization; else that of the public suffix above it, which ended the walk.
    const Domain organization = Discovery::select(input_.author, walk);
    const auto of = std::find_if(walk.found.begin(), walk.found.end(),
                                 [&](const auto& found) { return found.first == organization; });
    const auto& [domain, record] = of == walk.found.end() ? walk.found.back() : *of;
    return apply(domain, record);
  }

  // The identifiers that are aligned whatever the organization is.
  bool align_same_names() {
    const auto dkim = first(input_.dkim);
    const auto same =
        std::find_if(dkim.begin(), dkim.end(), [&](const auto& one) { return one.domain == input_.author; });
    if (same != dkim.end()) take(*same);
    result_.spf_aligned = input_.spf == input_.author;
    return passes();
  }

  template <class T>
  std::span<const T> first(const std::vector<T>& all) const {
    const auto most = static_cast<std::size_t>(std::max(input_.most_dkim, 0));
    return std::span(all).first(std::min(all.size(), most));
  }

  void take(const Authenticated& one) {
    result_.dkim_aligned = true;
    result_.aligned_selector = one.selector;
    result_.aligned_domain = one.domain;
  }

  bool is_aligned(const Domain& domain, Alignment mode) {
    const auto aligned = discovery_.aligned(domain, input_.author, mode);
    in_doubt_ = in_doubt_ || !aligned;
    return aligned.value_or(false);
  }

  void align() {
    align_same_names();
    if (input_.spf && !result_.spf_aligned) result_.spf_aligned = is_aligned(*input_.spf, result_.record->aspf);
    for (const Authenticated& one : first(input_.dkim)) {
      if (result_.dkim_aligned) return;
      if (is_aligned(one.domain, result_.record->adkim)) take(one);
    }
  }

  bool might_align(const Domain& domain, Alignment mode) {
    return discovery_.aligned(domain, input_.author, mode).value_or(true);
  }

  bool dkim_might_align() {
    const auto unanswered = first(input_.dkim_unanswered);
    return std::any_of(unanswered.begin(), unanswered.end(),
                       [&](const Domain& domain) { return might_align(domain, result_.record->adkim); });
  }

  bool passes() const { return result_.spf_aligned || result_.dkim_aligned; }

  void choose_policy() {
    const Record& record = *result_.record;
    const Policy p = record.p.value_or(Policy::none);
    result_.policy = p;
    if (result_.policy_domain == input_.author) return;
    result_.policy = record.sp.value_or(p);
    // RFC 7489 knows no np=.
    if (input_.model == Model::psl || !record.np || *record.np == result_.policy || passes()) return;
    switch (existence(*record.np > result_.policy)) {
      case dns::Status::nxdomain:
        result_.nonexistent = true;
        result_.policy = *record.np;
        return;
      case dns::Status::tempfail:
      case dns::Status::bogus: in_doubt_ = true; return;
      case dns::Status::ok:
      case dns::Status::nodata: return;
    }
  }

  // RFC 9989 3.2.13: a domain does not exist where DNS says NXDOMAIN for its name. Where that costs the author
  // something, it is asked past the caches once more (FAULTS T39).
  dns::Status existence(bool costs) {
    const dns::Question question{input_.author, dns::Type::a};
    const dns::Status status = dns_.query(question, deadline_)->status;
    return costs && status == dns::Status::nxdomain ? dns_.query_uncached(question, deadline_)->status : status;
  }

  void conclude(int dice) {
    result_.organization = discovery_.known_organization(input_.author);
    if (passes()) {
      end(Status::pass, result_.dkim_aligned ? "DKIM is aligned" : "SPF is aligned");
    } else if (in_doubt_) {
      end(Status::temperror, "DNS does not tell the organization, or whether the domain exists");
    } else if (input_.spf_unanswered && might_align(*input_.spf_unanswered, result_.record->aspf)) {
      end(Status::temperror, "SPF had no answer");
    } else if (dkim_might_align()) {
      end(Status::temperror, "DKIM had no answer");
    } else {
      end(Status::fail, "neither SPF nor DKIM is aligned");
      result_.disposition = disposition(dice);
    }
  }

  Policy disposition(int dice) const {
    const bool lowered = input_.model == Model::rfc9989 ? result_.record->testing       // RFC 9989 4.7
                                                        : dice >= result_.record->pct;  // RFC 7489 6.6.4
    return lowered ? one_below(result_.policy) : result_.policy;
  }

  const Input& input_;
  dns::Resolver& dns_;
  const Deadline& deadline_;
  Discovery discovery_;
  Result result_;
  bool in_doubt_ = false;
};

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::none: return "none";
    case Status::pass: return "pass";
    case Status::fail: return "fail";
    case Status::temperror: return "temperror";
    case Status::permerror: return "permerror";
  }
  return "";
}

Result evaluate(const Input& input, dns::Resolver& dns, const Deadline& deadline, int dice) {
  return Evaluation(input, dns, deadline).run(dice);
}

}  // namespace postern::dmarc
