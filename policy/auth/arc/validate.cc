#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/auth/arc/arc.h"
#include "policy/auth/arc/input.h"
#include "policy/auth/arc/set.h"
#include "policy/auth/crypto.h"
#include "policy/auth/dkim/key_lookup.h"
#include "policy/base/text.h"

namespace postern::arc {

namespace {

// What came of one signature.
struct Verdict {
  Status status = Status::pass;
  std::string reason;
};

Verdict failed(const Set& set, std::string_view what, std::string_view why) {
  return {Status::fail, fmt::format("{} of set {}: {}", what, set.instance, why)};
}

/// Verifies signatures of one message.
class Verifier {
 public:
  Verifier(std::span<const HeaderField> header, const dkim::BodyHashes& bodies, const Options& options,
           dkim::KeyCache& keys, dns::Resolver& dns, const Deadline& deadline)
      : header_(header), bodies_(bodies), options_(options), keys_(keys), dns_(dns), deadline_(deadline) {}

  Verdict message(const Set& set) const {
    const Signature& s = set.message;
    const dkim::BodyHashes::Hashed& body = bodies_.at(s.body);
    if (body.digest != s.body_hash) return failed(set, "message signature", "the body has been changed");
    if (s.body_form.length && *s.body_form.length < body.bytes)  // FAULTS T32
      return failed(set, "message signature", "l= leaves some of the body unsigned");
    return verify(set, s, "message signature", message_input(header_, s.fields, header_[s.field], s.header_form));
  }

  Verdict seal(std::span<const Set> sets) const {  // of the last of them
    std::vector<const HeaderField*> fields;
    for (const Set& set : sets) {
      fields.push_back(&header_[set.results_field]);
      fields.push_back(&header_[set.message.field]);
      if (&set != &sets.back()) fields.push_back(&header_[set.seal.field]);
    }
    const Set& set = sets.back();
    return verify(set, set.seal, "seal", seal_input(fields, header_[set.seal.field]));
  }

 private:
  Verdict verify(const Set& set, const Signature& s, std::string_view what, const std::string& input) const {
    const dkim::KeyAnswer answer = dkim::look_up_key(*s.key_name, keys_, dns_, deadline_);
    if (answer.record == nullptr) {
      Verdict verdict = failed(set, what, answer.problem);
      if (answer.temporary) verdict.status = Status::temperror;
      return verdict;
    }
    const dkim::KeyRecord& record = *answer.record;
    if (!record.rsa || !record.sha256 || !record.email || record.key == nullptr)
      return failed(set, what, "the key is for something else");
    if (record.key->bits() < options_.least_rsa_bits)
      return failed(set, what, fmt::format("a key of {} bits", record.key->bits()));
    const std::string digest = crypto::digest(crypto::Hash::sha256, input);
    if (!record.key->verify(crypto::Hash::sha256, digest, s.signature))
      return failed(set, what, "the signature does not fit");
    return {};
  }

  const std::span<const HeaderField> header_;
  const dkim::BodyHashes& bodies_;
  const Options& options_;
  dkim::KeyCache& keys_;
  dns::Resolver& dns_;
  const Deadline& deadline_;
};

}  // namespace

std::string_view name(Status status) {
  switch (status) {
    case Status::none: return "none";
    case Status::pass: return "pass";
    case Status::fail: return "fail";
    case Status::temperror: return "temperror";
  }
  return "";
}

std::vector<dns::Question> key_questions(const HeaderField& field) {
  std::vector<dns::Question> questions;
  if (auto name = key_name_of(field)) questions.push_back({*std::move(name), dns::Type::txt});
  return questions;
}

struct Chain::State {
  Options options;
  Sets read;
};

Chain::Chain(std::span<const HeaderField> header, const Options& options, dkim::BodyHashes& bodies)
    : state_(std::make_unique<State>(State{options, read_sets(header, options.most_instances)})) {
  Sets& read = state_->read;
  if (read.problem.empty() && read.sets.size() > static_cast<std::size_t>(options.most_seals))
    read.problem = fmt::format("{} seals are too many", read.sets.size());
  if (!read.problem.empty()) return;
  for (Set& set : read.sets) set.message.body = bodies.add(set.message.body_form);
}

Chain::~Chain() = default;

bool Chain::empty() const { return state_->read.sets.empty() && state_->read.problem.empty(); }

Result Chain::validate(std::span<const HeaderField> header, const dkim::BodyHashes& bodies, dkim::KeyCache& keys,
                       dns::Resolver& dns, std::int64_t, const Deadline& deadline) const {
  const Sets& read = state_->read;
  Result result;
  if (empty()) return result;
  result.instance = read.highest;
  result.dead = read.failed_before;
  if (!read.sets.empty()) result.sealer = read.sets.back().seal.domain;
  const auto end = [&](Verdict verdict) {
    result.status = verdict.status;
    result.reason = std::move(verdict.reason);
    return result;
  };
  if (!read.problem.empty()) return end({Status::fail, read.problem});
  const std::span<const Set> sets = read.sets;
  const Verifier verifier(header, bodies, state_->options, keys, dns, deadline);
  Verdict verdict = verifier.message(sets.back());  // RFC 8617 5.2, step 4
  if (verdict.status == Status::pass) {
    for (const Set& set : sets) dns.prefetch({*set.seal.key_name, dns::Type::txt});
  }
  for (std::size_t count = sets.size(); count > 0 && verdict.status == Status::pass; --count)
    verdict = verifier.seal(sets.first(count));
  if (verdict.status != Status::pass) return end(std::move(verdict));
  for (std::size_t count = sets.size() - 1; count > 0; --count) {
    const Status older = verifier.message(sets[count - 1]).status;
    if (older == Status::pass) continue;
    result.oldest_pass = older == Status::temperror ? -1 : static_cast<int>(count) + 1;
    break;
  }
  std::vector<std::string> sealers;
  for (const Set& set : sets) {
    result.hops.push_back({set.instance, set.seal.domain, set.seal.selector, set.results});
    sealers.push_back(set.seal.domain);
  }
  return end({Status::pass, fmt::format("sealed by {}", join(sealers, ", "))});
}

}  // namespace postern::arc
