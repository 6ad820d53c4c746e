#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/auth/dkim/verify.h"
#include "policy/auth/dmarc/dmarc.h"
#include "policy/auth/spf/spf.h"
#include "policy/base/ip.h"
#include "policy/store/store.h"

namespace postern {

/// What a DMARC aggregate report tells of one message (RFC 9990 3.1.1.6 and following): equal ones of a day are one row.
struct DmarcRow {
  std::string day;  ///< in UTC: "2026-11-28"
  IpAddress source;
  std::string envelope_from;    ///< domain; empty for the null reverse-path
  std::string disposition;      ///< none, pass, quarantine, reject: what became of it
  std::string override_reason;  ///< RFC 9990's word where that is not what the policy asks for; or empty
  dmarc::Result result;
  dmarc::Model model = dmarc::Model::rfc9989;
  std::optional<spf::Result> spf;
  std::vector<dkim::Result> dkim;  ///< at most 5, the rest is not told

  /// The row as it stands in the store: lines of a name, a blank and a value, in a fixed order. Domains, selectors and
  /// addresses of strangers without control bytes.
  std::string text() const;
};

/// Counts `row` in `store`, where it stays for 8 days: its text in Space::dmarc_row, how often it was met in
/// Space::dmarc_count, both under `DAY DOMAIN HASH` with the domain whose record applies. `now` is wall-clock time.
void count(const DmarcRow& row, store::Store& store, WallTime now);

/// "2026-11-28" of a time since 1970, in UTC.
std::string utc_day(std::int64_t unix_time);

}  // namespace postern
