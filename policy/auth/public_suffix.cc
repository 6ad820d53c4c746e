#include "policy/auth/public_suffix.h"

#include <libpsl.h>

#include <memory>

namespace postern {

namespace {

// The newer of the system's list and the one that was compiled in; never changed once loaded.
const psl_ctx_t* suffixes() {
  static const std::unique_ptr<psl_ctx_t, decltype(&psl_free)> list(psl_latest(nullptr), &psl_free);
  return list.get();
}

}  // namespace

std::optional<Domain> organizational_domain(const Domain& domain) {
  const char* found = suffixes() == nullptr ? nullptr : psl_registrable_domain(suffixes(), domain.text().c_str());
  return found == nullptr ? std::nullopt : Domain::parse(found);
}

}  // namespace postern
