#pragma once

#include <optional>

#include "policy/base/log.h"
#include "policy/dns/resolver.h"

namespace postern {

/// Lets a resolver look after its servers, and tells the log what has changed with them. One thread's alone.
class DnsWatch {
 public:
  /// Both outlive this.
  DnsWatch(dns::Resolver& dns, Log& log) : dns_(dns), log_(log) {}

  /// To be called about once a second. Never waits.
  void tick();

 private:
  dns::Resolver& dns_;
  Log& log_;
  std::optional<dns::Health> told_;
};

}  // namespace postern
