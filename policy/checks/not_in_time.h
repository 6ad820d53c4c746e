#pragma once

#include <utility>

#include "policy/checks/check.h"

namespace postern {

/// What a method of RFC 8601 answers while its evidence is still under way: `outcome`, which is its failure, with
/// `result` for Authentication-Results. Asks to be run again.
inline Finding not_in_time(const Context& context, const Outcome& outcome, AuthenticationResult result) {
  context.must_wait();
  Finding finding{&outcome, "no answer in time"};
  finding.results.push_back(std::move(result));
  return finding;
}

}  // namespace postern
