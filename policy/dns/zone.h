#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/ip.h"
#include "policy/base/result.h"
#include "policy/dns/resolver.h"

namespace postern::dns {

/// One record of a zone text. Which members count follows from the type; of types nobody asks for only the type is
/// kept.
struct ZoneRecord {
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::optional<IpAddress> address;  ///< A, AAAA
  std::uint16_t preference = 0;      ///< MX
  std::string host;                  ///< MX, PTR, CNAME, as dns::Mx::host writes it
  std::vector<std::string> strings;  ///< TXT
};

/// What a `; FAULT` line asks for.
enum class ZoneFault { nxdomain, servfail, timeout, bogus };

/// Names and their records, as master text (RFC 1035 5) gives them: `$ORIGIN` (the root at first) and `$TTL`, TTL and
/// class optional, parentheses, comments, strings with `\DDD` and `\X`. Comment lines `; FAULT name [type]
/// NXDOMAIN|SERVFAIL|TIMEOUT|BOGUS` set faults. A wildcard answers as RFC 4592 has it. Frozen once it is read; then
/// thread-safe.
class Zone {
 public:
  /// Adds what `text` says; the Error names `file`, line and column of the first thing that is wrong.
  std::optional<Error> add(const std::string& file, std::string_view text);

  /// What one name says, no CNAME followed. `status` is ok, nodata, nxdomain; with a fault it does not count.
  struct Found {
    Status status = Status::nxdomain;
    std::optional<ZoneFault> fault;
    std::vector<const ZoneRecord*> records;  ///< of the type asked for
    const ZoneRecord* cname = nullptr;       ///< where there are none, but a CNAME
  };
  /// `name` in lower case without the trailing dot, "" for the root.
  Found find(std::string_view name, Type type) const;

  /// Does the text speak for `name`: is it, or a name above it, the owner of a record or a fault? Names that only lie
  /// on the way to one (`com` of `example.com`) do not count.
  bool covers(std::string_view name) const;
  bool empty() const { return nodes_.empty(); }

 private:
  struct Node {
    bool exists = false;  ///< has records, or a name below it has
    bool owner = false;   ///< has a record or a fault of its own
    std::vector<ZoneRecord> records;
    std::optional<ZoneFault> fault;  ///< for every type
    std::map<std::uint16_t, ZoneFault> type_faults;
  };
  Node& make_owner(const std::string& name, bool exists);
  const Node* node(std::string_view name) const;

  friend class ZoneReader;
  std::map<std::string, Node, std::less<>> nodes_;
};

}  // namespace postern::dns
