#include "policy/store/store.h"

namespace postern::store {

std::string_view name(Space space) {
  switch (space) {
    case Space::callout_address: return "callout-address";
    case Space::callout_domain: return "callout-domain";
    case Space::callout_budget: return "callout-budget";
    case Space::callout_refusal: return "callout-refusal";
    case Space::evidence: return "evidence";
    case Space::observed_grant: return "observed-grant";
    case Space::misses: return "misses";
    case Space::dmarc_row: return "dmarc-row";
    case Space::dmarc_count: return "dmarc-count";
    case Space::limit: return "limit";
    case Space::frozen: return "frozen";
    case Space::incident: return "incident";
  }
  return "";
}

}  // namespace postern::store
