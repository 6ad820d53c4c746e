#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/base/counters.h"
#include "policy/base/result.h"
#include "policy/dns/options.h"
#include "policy/dns/source.h"

namespace postern::dns {

/// Answers of libunbound: its cache, DNSSEC validation, TCP where UDP is cut. Three threads, all named postern-dns:
/// ours takes the answers, and libunbound has one for each of two contexts, the second of which caches nothing. Counts
/// dns.malformed and dns.over (see LeftOut). Of `options` it takes servers, of which there must be one, and trust
/// anchor; the Error says which cannot be used.
class UnboundSource final : public Source {
 public:
  static Result<std::unique_ptr<Source>> make(const Options& options, Counters& counters);
  ~UnboundSource() override;

  void ask(const Question& question, Way way, Done done) override;

 private:
  struct State;
  explicit UnboundSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace postern::dns
