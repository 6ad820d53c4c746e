#include "policy/auth/spf/client_names.h"

#include <algorithm>

namespace postern::spf {

dns::Question reverse_question(const IpAddress& client) {
  return {*Domain::parse(client.reverse_name()), dns::Type::ptr};
}

ClientNames find_names(const IpAddress& client, int most, dns::Resolver& dns, const Deadline& deadline) {
  const dns::AnswerPtr reverse = dns.query(reverse_question(client), deadline);
  ClientNames found;
  found.late = reverse->late || reverse->unasked;
  found.is_void = reverse->status == dns::Status::nxdomain || reverse->status == dns::Status::nodata;
  std::vector<Domain> names;
  for (const std::string& text : reverse->names) {
    if (const auto host = Domain::parse(text)) names.push_back(*host);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > static_cast<std::size_t>(std::max(most, 0)))
    names.resize(static_cast<std::size_t>(std::max(most, 0)), names.front());  // RFC 7208 4.6.4: the others are ignored
  const dns::Type type = client.is_v4() ? dns::Type::a : dns::Type::aaaa;
  for (const Domain& host : names) dns.prefetch({host, type});
  for (const Domain& host : names) {
    const dns::AnswerPtr forward = dns.query({host, type}, deadline);
    const auto& addresses = forward->addresses;
    if (std::find(addresses.begin(), addresses.end(), client) != addresses.end()) found.names.push_back(host);
    found.late = found.late || forward->late || forward->unasked;
  }
  return found;
}

}  // namespace postern::spf
