#include "policy/auth/dmarc/dmarc.h"

namespace postern::dmarc {

namespace {

// Do programs differ on the domain of such an address?
bool leaves_doubt(AddressFault fault) {
  return fault != AddressFault::none && fault != AddressFault::invisible;  // which touches the local part alone
}

}  // namespace

Author author(const HeaderAddresses& addresses) {
  const auto none = [](std::string_view problem) { return Author{.domain = {}, .problem = std::string(problem)}; };
  if (addresses.from.empty()) return none("no From field");
  if (addresses.from.size() > 1) return none("several From fields");  // FAULTS T16
  const AddressList& from = addresses.from.front();
  if (from.groups > 0) return none("From is a group");  // local: RFC 6854 1 lets it, for mail without an author
  if (from.addresses.empty()) return none("From is empty");
  std::optional<Domain> domain;
  for (const HeaderAddress& address : from.addresses) {
    if (!address.mailbox || leaves_doubt(address.fault)) return none("From: " + std::string(name(address.fault)));
    if (!address.mailbox->domain) return none("From has an address without a domain");
    if (domain && *domain != *address.mailbox->domain) return none("From has addresses of several domains");
    domain = address.mailbox->domain;  // RFC 9989 5.3.1: several addresses of one domain are that domain
  }
  return {.domain = std::move(domain), .problem = {}};
}

}  // namespace postern::dmarc
