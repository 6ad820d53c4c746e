#include "policy/auth/dmarc/discovery.h"

#include <algorithm>

#include "policy/auth/public_suffix.h"

namespace postern::dmarc {

namespace {

constexpr std::size_t kMostTargets = 8;  // RFC 9989 4.10

// Nothing where the name would be too long for DNS: then nobody can publish there.
std::optional<dns::Question> record_question(const Domain& domain) {
  const auto name = Domain::parse("_dmarc." + domain.text());
  if (!name) return std::nullopt;
  return dns::Question{*name, dns::Type::txt};
}

Published published(const dns::Answer& answer) {
  switch (answer.status) {
    case dns::Status::nodata:
    case dns::Status::nxdomain: return {};
    case dns::Status::tempfail:
    case dns::Status::bogus: return {.kind = Published::Kind::unknown, .status = answer.status};
    case dns::Status::ok: break;
  }
  const auto first = std::find_if(answer.texts.begin(), answer.texts.end(), is_record);
  if (first == answer.texts.end()) return {};
  if (std::any_of(first + 1, answer.texts.end(), is_record)) return {.kind = Published::Kind::several};
  auto record = parse_record(*first);
  if (!record) return {.kind = Published::Kind::unusable};
  return {.kind = Published::Kind::record, .record = std::move(record)};
}

}  // namespace

std::vector<Domain> walk_targets(const Domain& domain) {
  std::vector<Domain> targets{domain};
  for (auto next = domain.parent(); next; next = next->parent()) targets.push_back(*next);
  if (targets.size() > kMostTargets)  // step 4: from the whole name to its last seven labels
    targets.erase(targets.begin() + 1, targets.end() - (kMostTargets - 1));
  return targets;
}

const Published& Discovery::at(const Domain& domain) {
  const auto known = published_.find(domain);
  if (known != published_.end()) return known->second;
  const auto question = record_question(domain);
  return published_.emplace(domain, question ? published(*dns_.query(*question, deadline_)) : Published())
      .first->second;
}

Discovery::Walk Discovery::walk(const Domain& domain) {
  const auto targets = walk_targets(domain);
  for (const Domain& target : targets) {
    const auto question = record_question(target);
    if (question && !published_.contains(target)) dns_.prefetch(*question);
  }
  Walk walk;
  for (const Domain& target : targets) {
    const Published& here = at(target);
    if (here.kind == Published::Kind::unknown) walk.status = here.status;
    if (here.kind != Published::Kind::record) continue;
    walk.found.emplace_back(target, *here.record);
    if (here.record->psd != Record::Psd::unknown) break;  // steps 2 and 6
  }
  return walk;
}

Domain Discovery::select(const Domain& start, const Walk& walk) {  // RFC 9989 4.10.2
  if (walk.found.empty()) return start;
  const auto& [last, record] = walk.found.back();
  if (record.psd != Record::Psd::yes || last == start) return last;
  Domain below = start;  // one label below the public suffix
  for (auto next = below.parent(); next && *next != last; next = next->parent()) below = *next;
  return below;
}

Organization Discovery::organization(const Domain& domain) {
  if (model_ == Model::psl) return {.domain = postern::organizational_domain(domain).value_or(domain)};
  const Walk found = walk(domain);
  if (found.status != dns::Status::ok) return {.status = found.status, .domain = {}};
  return {.domain = select(domain, found)};
}

std::optional<Domain> Discovery::known_organization(const Domain& domain) {
  if (model_ == Model::rfc9989) {
    for (const Domain& target : walk_targets(domain)) {
      const auto known = published_.find(target);
      if (known == published_.end()) return std::nullopt;
      if (known->second.record && known->second.record->psd != Record::Psd::unknown) break;
    }
  }
  return organization(domain).domain;
}

Organization organizational_domain(const Domain& domain, Model model, dns::Resolver& dns, const Deadline& deadline) {
  return Discovery(model, dns, deadline).organization(domain);
}

std::vector<dns::Question> questions(const Domain& author, Model model) {
  std::vector<Domain> names;
  if (model == Model::rfc9989) {
    names = walk_targets(author);
  } else {
    names = {author};
    const auto above = postern::organizational_domain(author);
    if (above && *above != author) names.push_back(*above);
  }
  std::vector<dns::Question> questions;
  for (const Domain& name : names)
    if (auto question = record_question(name)) questions.push_back(std::move(*question));
  return questions;
}

}  // namespace postern::dmarc
