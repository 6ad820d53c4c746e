#include "policy/evidence/dmarc_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "policy/auth/crypto.h"
#include "policy/base/text.h"

namespace postern {

namespace {

constexpr std::chrono::hours kKept{8 *
                                   24};  // local: a report of a day is sent on the next one, and tried for some days
constexpr std::size_t kMostSignatures = 5;
constexpr std::size_t kMostAddresses = 5;  // of rua; RFC 9989 4.7: two are the least to be supported

void line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(" ").append(printable(value, 300)).append("\n");
}

std::string_view word(const std::optional<dmarc::Policy>& policy) { return policy ? name(*policy) : "-"; }

std::string hash_of(const std::string& text) {
  std::string hex;
  for (const char byte : crypto::digest(crypto::Hash::sha256, text).substr(0, 12))
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

}  // namespace

std::string utc_day(std::int64_t unix_time) {
  const std::time_t time = unix_time;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

std::string DmarcRow::text() const {
  std::string out;
  line(out, "day", day);
  // What was published, as we found it.
  line(out, "policy_domain", result.policy_domain ? result.policy_domain->text() : "-");
  line(out, "discovery_method", model == dmarc::Model::psl ? "psl" : "treewalk");
  if (result.record) {
    const dmarc::Record& record = *result.record;
    line(out, "p", word(record.p));
    line(out, "sp", word(record.sp));
    line(out, "np", word(record.np));
    line(out, "adkim", record.adkim == dmarc::Alignment::strict ? "s" : "r");
    line(out, "aspf", record.aspf == dmarc::Alignment::strict ? "s" : "r");
    line(out, "testing", record.testing ? "y" : "n");
    line(out, "fo", record.fo);
    for (std::size_t i = 0; i < std::min(record.rua.size(), kMostAddresses); ++i) line(out, "rua", record.rua[i]);
  }
  line(out, "source_ip", source.text());
  line(out, "disposition", disposition);
  line(out, "dkim", result.dkim_aligned ? "pass" : "fail");
  line(out, "spf", result.spf_aligned ? "pass" : "fail");
  if (!override_reason.empty()) line(out, "reason", override_reason);
  line(out, "header_from", result.author.text());
  if (!envelope_from.empty()) line(out, "envelope_from", envelope_from);
  if (spf)
    line(out, "spf_auth",
         fmt::format("{} {} {}", spf->domain.empty() ? "-" : spf->domain,
                     spf->identity == spf::Identity::helo ? "helo" : "mfrom", name(spf->status)));
  std::size_t told = 0;
  for (const dkim::Result& r : dkim) {
    if (r.status != dkim::Status::pass || told == kMostSignatures) continue;
    line(out, "dkim_auth", fmt::format("{} {} pass", r.domain, r.selector));
    ++told;
  }
  // Of those that fail only the author's own: what strangers write must not make each message a row of its own.
  const auto own = std::find_if(dkim.begin(), dkim.end(), [&](const dkim::Result& r) {
    return r.status != dkim::Status::pass && r.domain == result.author.text();
  });
  if (own != dkim.end()) line(out, "dkim_auth", fmt::format("{} - {}", own->domain, name(own->status)));
  return out;
}

void count(const DmarcRow& row, store::Store& store, WallTime now) {
  const std::string text = row.text();
  const std::string domain = row.result.policy_domain ? row.result.policy_domain->text() : "-";
  const std::string key = fmt::format("{} {} {}", row.day, domain, hash_of(text));
  const WallTime expires = now + kKept;
  if (store.add(store::Space::dmarc_count, key, 1, expires) == 1 || !store.get(store::Space::dmarc_row, key))
    store.put(store::Space::dmarc_row, key, text, expires);
}

}  // namespace postern
