#include "policy/auth/dmarc/discovery.h"

namespace postern::dmarc {

std::optional<bool> Discovery::share_organization(const Domain& domain, const Domain& author) {
  if (domain.labels().back() != author.labels().back()) return false;  // nothing above them is the same
  const Organization ours = organization(author);
  if (!ours.domain) return std::nullopt;
  if (!domain.is_within(*ours.domain)) return false;
  const Organization theirs = organization(domain);
  if (!theirs.domain) return std::nullopt;
  return *ours.domain == *theirs.domain;
}

std::optional<bool> Discovery::aligned(const Domain& domain, const Domain& author, Alignment mode) {
  if (domain == author) return true;
  if (mode == Alignment::strict) return false;  // FAULTS T35: never by organization
  return share_organization(domain, author);
}

bool is_aligned(const Domain& domain, const Domain& author, Alignment mode, Model model, dns::Resolver& dns,
                const Deadline& deadline) {
  return Discovery(model, dns, deadline).aligned(domain, author, mode).value_or(false);
}

}  // namespace postern::dmarc
