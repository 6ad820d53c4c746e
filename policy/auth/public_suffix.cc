#include "policy/auth/public_suffix.h"

#include <libpsl.h>

namespace postern {

namespace {

// The list that was compiled into the library: a file could be cut short, and then bank.co.uk would be of co.uk (FAULTS
// T37).
const psl_ctx_t* suffixes() { return psl_builtin(); }

}  // namespace

std::optional<Domain> organizational_domain(const Domain& domain) {
  const char* found = suffixes() == nullptr ? nullptr : psl_registrable_domain(suffixes(), domain.text().c_str());
  return found == nullptr ? std::nullopt : Domain::parse(found);
}

}  // namespace postern
