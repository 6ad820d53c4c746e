#include <string>

#include "policy/auth/dmarc/discovery.h"
#include "policy/base/text.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

// The record as we understand it, without tags that we do not know.
std::string written(const dmarc::Record& r) {
  std::string text = "v=DMARC1; p=" + std::string(name(*r.p));
  if (r.sp) text += "; sp=" + std::string(name(*r.sp));
  if (r.np) text += "; np=" + std::string(name(*r.np));
  if (r.adkim == dmarc::Alignment::strict) text += "; adkim=s";
  if (r.aspf == dmarc::Alignment::strict) text += "; aspf=s";
  if (r.psd != dmarc::Record::Psd::unknown) text += r.psd == dmarc::Record::Psd::yes ? "; psd=y" : "; psd=n";
  if (r.testing) text += "; t=y";
  if (!r.rua.empty()) text += "; rua=" + join(r.rua, ",");
  if (!r.ruf.empty()) text += "; ruf=" + join(r.ruf, ",");
  return text + "; pct=" + std::to_string(r.pct) + "; fo=" + r.fo;
}

void check_record(std::string_view text) {
  const auto record = dmarc::parse_record(text);
  hold(!record || dmarc::is_record(text), "a record says that it is one");
  if (!record) return;
  hold(record->p.has_value(), "a record has a policy");
  hold(record->rua.size() <= 20 && record->ruf.size() <= 20, "addresses are bounded");
  hold(record->pct >= 0 && record->pct <= 100, "pct is a percentage");
  const std::string again = written(*record);
  const auto reread = dmarc::parse_record(again);
  hold(reread && written(*reread) == again, "a record survives being written");
  hold(!dmarc::parse_record(std::string(text) + ";p=none;p=none"), "a tag twice is no record");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_record(text);
  check_record("v=DMARC1;" + std::string(text));
  const auto domain = Domain::parse(text);
  if (!domain) return 0;
  const auto targets = dmarc::walk_targets(*domain);
  hold(targets.front() == *domain && targets.size() <= 8, "a walk has at most eight steps");
  for (std::size_t i = 1; i < targets.size(); ++i) hold(targets[i - 1].is_within(targets[i]), "which lead upwards");
  return 0;
}
