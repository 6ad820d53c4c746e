#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/ip.h"
#include "policy/dns/domain.h"

namespace postern::callout {

/// Addresses that may be connected to although they are not global, and at which port instead of 25.
struct AllowedTarget {
  Network network;
  std::uint16_t port;
  /// `127.0.0.0/8:2525`, `[::1]:2525`, `[fd00::/8]:25`.
  static std::optional<AllowedTarget> parse(std::string_view text);
};

/// How long one dialogue may take.
struct DialogueTimes {
  std::chrono::milliseconds connect{5000};   ///< FAULTS T47
  std::chrono::milliseconds command{20000};  ///< for each reply, the greeting included; slow is never bad (FIELD 3.33)
  std::chrono::milliseconds total{60000};    ///< for all of it, DNS and a second host included (FIELD 2.4)
};

/// How long what was found is believed (FIELD 2.4).
struct CacheTimes {
  std::chrono::seconds exists = std::chrono::hours(7 * 24);
  std::chrono::seconds refresh = std::chrono::hours(5 * 24);   ///< from this age on it is asked again in the background
  std::chrono::seconds refresh_again = std::chrono::hours(3);  ///< … and so long after that brought nothing
  std::chrono::seconds missing = std::chrono::hours(2);
  std::chrono::seconds missing_again = std::chrono::hours(12);  ///< when it was missing before
  std::chrono::seconds accept_all = std::chrono::hours(14 * 24);
  std::chrono::seconds selective = std::chrono::hours(24);  ///< a domain that refused an invented mailbox
  std::chrono::seconds refused_us = std::chrono::hours(1);
  std::chrono::seconds temporary = std::chrono::minutes(15);
  std::chrono::seconds opted_out = std::chrono::hours(30 * 24);  ///< after a host told us not to ask
  std::chrono::seconds delivered = std::chrono::hours(60 * 24);  ///< evidence: mail was taken there
  std::chrono::seconds undeliverable = std::chrono::hours(24);   ///< evidence: mail came back from there
};

/// Bounds on what strangers can make us do to others (FAULTS T46).
struct Limits {
  std::int64_t probes_per_day = 5000;
  std::size_t connections_per_minute = 600;
  std::size_t connections_per_host_and_minute = 20;
  std::int64_t probes_per_client_and_hour = 60;        ///< of one client network, /24 or /64
  std::size_t missing_in_a_row = 10;                   ///< of one domain (0: any number): then it is left alone …
  std::chrono::seconds pause = std::chrono::hours(1);  ///< … so long
  std::size_t hosts = 3;                               ///< tried for one probe, where one cannot be reached
};

struct CalloutOptions {
  std::string hostname;                  ///< said in EHLO: must be a name that leads back to us
  std::vector<IpAddress> our_addresses;  ///< never connected to
  std::vector<Domain> opt_out;           ///< domains, and all below them, that are never asked
  std::vector<AllowedTarget> allow;      ///< for tests: nothing else opens another address or port
  std::chrono::milliseconds soft{8000};  ///< the longest wait of one verify()
  DialogueTimes times;
  CacheTimes cache;
  Limits limits;
  std::size_t threads = 8;  ///< with 0 whoever asks does it himself, and waits for all of it
  std::size_t queue = 256;  ///< addresses that wait for a thread
};

}  // namespace postern::callout
