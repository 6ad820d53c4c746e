#pragma once

#include <cstdint>
#include <functional>

#include "policy/dns/health.h"
#include "policy/dns/resolver.h"

namespace postern::dns {

/// Where answers come from that nobody here has yet: the network. Thread-safe.
class Source {
 public:
  enum class Way {
    usual,
    uncached,  ///< past every cache of the source
  };
  /// Called exactly once a question, on any thread, perhaps before ask() returns; at the latest when the source ends.
  using Done = std::function<void(Answer)>;

  virtual ~Source() = default;
  /// Never waits for the answer. `done` must neither throw nor block.
  virtual void ask(const Question& question, Way way, Done done) = 0;
  /// As Resolver has them.
  virtual void tick() {}
  virtual bool in_doubt() const { return false; }
  virtual Health health() const { return {}; }
};

}  // namespace postern::dns
