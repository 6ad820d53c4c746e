#include "milter/cli/dmarc.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "milter/cli/ask_dns.h"
#include "milter/json.h"
#include "policy/auth/dmarc/dmarc.h"

namespace postern::cli {

namespace {

constexpr std::chrono::seconds kPatience{20};  // local: eight questions a domain, those of one all asked at once

int say(const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return kUnusable;
}

Error no_domain(const char* option, const std::string& text) {
  return Error{fmt::format("{}: \"{}\" is no domain", option, printable(text, 60)), {}};
}

// A domain, or what may stand in From.
Result<Domain> author_of(const std::string& from) {
  if (from.find('@') == std::string::npos) {
    if (const auto domain = Domain::parse(from)) return *domain;
    return no_domain("--from", from);
  }
  const std::array<HeaderField, 1> header{HeaderField{.name = "From", .value = " " + from}};
  const dmarc::Author author = dmarc::author(read_addresses(header));
  if (author.domain) return *author.domain;
  return Error{fmt::format("--from: \"{}\": {}", printable(from, 60), author.problem), {}};
}

Result<dmarc::Input> input_of(const DmarcOptions& options) {
  auto author = author_of(options.from);
  if (!author) return author.error();
  dmarc::Input input{.author = std::move(author).value(), .spf = {}, .dkim = {}};
  input.model = options.model == "psl" ? dmarc::Model::psl : dmarc::Model::rfc9989;
  if (!options.spf.empty()) {
    input.spf = Domain::parse(options.spf);
    if (!input.spf) return no_domain("--spf", options.spf);
  }
  for (const std::string& text : options.dkim) {
    const auto domain = Domain::parse(text);
    if (!domain) return no_domain("--dkim", text);
    input.dkim.push_back({.domain = *domain});
  }
  input.most_dkim = static_cast<int>(input.dkim.size());
  return input;
}

// Which tag of the record `policy` is.
const char* tag(const dmarc::Result& result) {
  if (result.nonexistent) return "np";
  return result.record->sp && result.policy_domain != result.author ? "sp" : "p";
}

Json text_or_null(const std::optional<Domain>& domain) { return domain ? Json(domain->text()) : Json(nullptr); }

Json name_or_null(const std::optional<dmarc::Policy>& policy) {
  return policy ? Json(dmarc::name(*policy)) : Json(nullptr);
}

const char* name(dmarc::Alignment alignment) { return alignment == dmarc::Alignment::strict ? "s" : "r"; }

const char* name(dmarc::Record::Psd psd) {
  switch (psd) {
    case dmarc::Record::Psd::yes: return "y";
    case dmarc::Record::Psd::no: return "n";
    case dmarc::Record::Psd::unknown: return "u";
  }
  return "";
}

Json record_json(const dmarc::Record& record) {
  return {{"p", name_or_null(record.p)},
          {"sp", name_or_null(record.sp)},
          {"np", name_or_null(record.np)},
          {"adkim", name(record.adkim)},
          {"aspf", name(record.aspf)},
          {"psd", name(record.psd)},
          {"t", record.testing ? "y" : "n"},
          {"pct", record.pct},
          {"rua", record.rua},
          {"ruf", record.ruf},
          {"fo", record.fo}};
}

Json as_json(const dmarc::Result& result) {
  return {{"result", dmarc::name(result.status)},
          {"author", result.author.text()},
          {"policy_domain", text_or_null(result.policy_domain)},
          {"organization", text_or_null(result.organization)},
          {"policy", result.record ? Json(dmarc::name(result.policy)) : Json(nullptr)},
          {"policy_tag", result.record ? Json(tag(result)) : Json(nullptr)},
          {"disposition", dmarc::name(result.disposition)},
          {"spf_aligned", result.spf_aligned},
          {"dkim_aligned", result.dkim_aligned},
          {"record", result.record ? record_json(*result.record) : Json(nullptr)},
          {"reason", result.reason}};
}

std::string as_text(const dmarc::Result& result) {
  std::string out = fmt::format("{}: {}\n", dmarc::name(result.status), result.reason);
  out += fmt::format("  author {}", result.author.text());
  if (result.organization) out += fmt::format(", of the organization {}", result.organization->text());
  out += '\n';
  if (!result.record) return out;
  out += fmt::format("  policy {}={} of _dmarc.{}, disposition {}\n", tag(result), dmarc::name(result.policy),
                     result.policy_domain->text(), dmarc::name(result.disposition));
  const auto aligned = [](bool yes) { return yes ? "aligned" : "not aligned"; };
  return out + fmt::format("  SPF {}, DKIM {}\n", aligned(result.spf_aligned), aligned(result.dkim_aligned));
}

}  // namespace

int ask_dmarc(const DmarcOptions& options) {
  const auto input = input_of(options);
  if (!input) return say(input.error().message);
  const SystemClock clock;
  Counters counters;
  const auto dns = ask_dns(options.zone, clock, counters);
  if (!dns) return say(dns.error().message);
  const Deadline deadline(clock.now() + kPatience);
  dmarc::Result result = dmarc::evaluate(*input, **dns, deadline);
  if (!result.organization)  // nobody had to know it
    result.organization = dmarc::organizational_domain(input->author, input->model, **dns, deadline).domain;
  std::printf("%s", (options.json ? json_line(as_json(result)) + "\n" : as_text(result)).c_str());
  return kOk;
}

}  // namespace postern::cli
