#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/base/geo.h"
#include "policy/base/ip.h"
#include "policy/base/text.h"
#include "policy/dns/domain.h"
#include "policy/rules/list.h"

namespace postern {

/// Who we are: the `site:` section.
struct Site {
  std::string hostname;
  std::string authserv_id;               ///< RFC 8601 2.5; the host name unless set
  std::shared_ptr<rules::List> domains;  ///< the domains we take mail for; never null
  std::vector<Network> networks;         ///< clients that may relay
  std::vector<std::string> submission;   ///< listeners ({daemon_name}) that are for submission
  std::vector<IpAddress> addresses;      ///< our own public addresses, to recognize an MX that is us
  std::string delimiters = "+";          ///< what an extension of a local part begins with; may be empty
  LetterCase letters = LetterCase::fold;  ///< of local parts and logins
  std::vector<std::shared_ptr<GeoDatabase>> geo;  ///< where addresses are; the first that knows counts
  bool certificate_logins = false;       ///< a TLS client certificate (SASL EXTERNAL) is a login

  std::string country(const IpAddress& ip) const { return of_geo(ip, &GeoDatabase::country); }
  std::string asn(const IpAddress& ip) const { return of_geo(ip, &GeoDatabase::asn); }

  bool is_ours(const Domain& domain, std::int64_t unix_time) const {
    return domains->contains(domain, unix_time) == rules::List::Answer::yes;
  }

 private:
  std::string of_geo(const IpAddress& ip, std::string (GeoDatabase::*what)(const IpAddress&) const) const {
    for (const auto& database : geo) {
      if (std::string found = (*database.*what)(ip); !found.empty()) return found;
    }
    return {};
  }
};

}  // namespace postern
