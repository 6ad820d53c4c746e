#include "tests/scenario/spoofing_musts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace postern::spoofing {

namespace {

using Predicate = std::string (*)(const Judged&);

bool is_or_below(std::string_view value, std::string_view domain) {
  const std::size_t at = value.rfind('@');
  if (at != std::string_view::npos) value.remove_prefix(at + 1);
  return value == domain || (value.ends_with(domain) && value[value.size() - domain.size() - 1] == '.');
}

// Every result that a reader takes for ours.
std::vector<AuthenticationResult> claims(const Outcome& outcome) {
  std::vector<AuthenticationResult> all;
  for (const AuthenticationResults& claim : outcome.claims)
    all.insert(all.end(), claim.results.begin(), claim.results.end());
  return all;
}

bool claims_pass(const Outcome& outcome, std::string_view method, std::string_view domain) {
  for (const AuthenticationResult& result : claims(outcome)) {
    if (result.result != "pass" || (!method.empty() && result.method != method)) continue;
    for (const AuthenticationResult::Property& property : result.properties) {
      if (is_or_below(property.value, domain)) return true;
    }
  }
  return false;
}

std::string unless(bool holds, std::string_view complaint) { return holds ? std::string() : std::string(complaint); }

// ---- one for each property that the file names ---------------------------------------------------------------------

// Whoever is let through has one field of ours that a strict reader can read, and it has no good word for legit.example.
std::string never_passes(const Judged& j) {
  if (j.open.refusal) return "refused, though no rule says so";
  if (j.open.claims.size() != 1 || claims(j.open).size() < 4) return "our own field is missing, or not alone";
  return unless(!claims_pass(j.open, "", "legit.example") && !claims_pass(j.presets, "", "legit.example"),
                "passes for legit.example");
}

std::string no_raw_controls(const Judged& j) {
  for (const Outcome* outcome : {&j.presets, &j.open}) {
    const std::string& text = outcome->written;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool folds = text[i] == '\n' && i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\t');
      const bool after = text[i] == '\t' && i > 0 && text[i - 1] == '\n';
      if (!folds && !after && (static_cast<unsigned char>(text[i]) < ' ' || text[i] == '\x7f'))
        return fmt::format("a raw {:02x} at {}", static_cast<int>(text[i]), i);
    }
  }
  return {};
}

std::string shows_an_address(const Judged& j) {
  return unless(j.open.tagged("shows-an-address"), "no rule can see the address");
}

std::string unseen_is_seen(const Judged& j) {
  if (!j.open.tagged("of-the-attacker")) return "the author is not of attack.example";
  return unless(j.open.tagged("unseen"), "no rule can see the characters");
}

std::string look_alike_alone(const Judged& j) {
  if (!j.open.tagged("look-alike")) return "no rule can name the look-alike";
  for (const AuthenticationResult& result : claims(j.open)) {
    if (result.method == "dmarc")
      return unless(result.properties.at(0).value == "xn--lgit-v4d.example", "dmarc speaks of another domain");
  }
  return "no dmarc result";
}

std::string sender_is_refused(const Judged& j) {
  return unless(j.presets.refusal && j.presets.found("identity.sender") == "foreign", "taken");
}

std::string author_is_refused(const Judged& j) {
  return unless(j.presets.refusal && j.presets.found("identity.author") == "foreign", "taken");
}

std::string many_are_refused(const Judged& j) {
  return unless(j.presets.refusal && j.open.found("dmarc") == "no-author", "taken");
}

std::string dmarc_fails(const Judged& j) { return unless(j.open.found("dmarc") == "fail-reject", "dmarc is no fail"); }

std::string second_subject(const Judged& j) {
  if (j.presets.record.would != "reject inbound/repeated-field") return "not flagged";
  return unless(claims_pass(j.presets, "dkim", "legit.example"), "the signature is not told");
}

std::string repeated(const Judged& j) {
  return unless(j.open.tagged("repeated") && j.presets.record.would == "reject inbound/repeated-field", "not flagged");
}

std::string forged_are_removed(const Judged& j) {
  const auto deleted = std::count_if(j.open.record.edits.begin(), j.open.record.edits.end(),
                                     [](const Edit& edit) { return edit.kind == Edit::Kind::delete_header; });
  return unless(deleted == 3 && j.open.claims.size() == 1 && !claims_pass(j.open, "dmarc", "legit.example"),
                fmt::format("{} removed, {} left", deleted, j.open.claims.size()));
}

std::string no_mbox_line(const Judged& j) {
  return unless(j.open.found("from-domain") == "ok" && j.open.tagged("of-the-attacker"), "taken for From");
}

std::string malformed(const Judged& j) { return unless(j.open.found("from-domain") == "malformed", "well-formed"); }

// Behind Postfix the header ends at the line, so that there is no From; behind others the line is no field.
std::string as_the_server_reads(const Judged& j) {
  const char* const expected = j.server == Server::postfix ? "no-author" : "fail-reject";
  return unless(j.presets.refusal && j.open.found("dmarc") == expected, "read otherwise");
}

std::string helo_is_quoted(const Judged& j) {
  if (claims_pass(j.open, "", "legit.example")) return "the greeting has become a result";
  return unless(j.open.written.find(R"(helo="attack.example\" smtp.mailfrom=legit.example")") != std::string::npos,
                "the log does not quote it");
}

// docs/decisions/003-spoofing-cases.md: a domain that is too long to be one is no syntax, and said so.
std::string reply_as_given(const Judged& j) {
  if (!j.presets.refusal || j.one.status.empty()) return {};
  const bool too_long = j.one.id == "en-domain-255" || j.one.id == "en-label-64";
  return unless(j.presets.refusal->status_text() == (too_long ? "5.1.7" : j.one.status), "another code");
}

constexpr std::string_view kNever =
    "Authentication-Results of Postern never says dmarc=pass (nor spf/dkim=pass aligned) for legit.example";

struct Must {
  std::string_view words;
  Predicate holds;
};
// The words of a case are one of these, or the first and one that goes on behind it.
// clang-format off
constexpr std::array kMusts{
    Must{"; control characters from decoded words never reach our own headers, logs or replies raw", no_raw_controls},
    Must{"; the display name decodes to a foreign address: a rule over the decoded From can see it", shows_an_address},
    Must{"author domain is attack.example; control/invisible characters in the display name are visible to rules", unseen_is_seen},
    Must{"own result for the look-alike domain only; a rule can see the decoded U-label (l\u0435git.example, Cyrillic e)", look_alike_alone},
    Must{"authenticated name and MAIL FROM differ: refused for submission", sender_is_refused},
    Must{"every author address must belong to the authenticated user", author_is_refused},
    Must{"many From fields: refused, bounded", many_are_refused},
    Must{"message without body: no crash; DMARC fails as usual", dmarc_fails},
    Must{"two Subject fields: rule can flag (header count), dkim=pass is reported with the signed field only", second_subject},
    Must{"two Content-Type fields are flagged", repeated},
    Must{"all three are recognised as carrying our authserv-id and removed", forged_are_removed},
    Must{"an mbox \"From \" line is not a From field", no_mbox_line},
    Must{"bare CR is no line end: one From field with a CR inside \u2192 ill-formed", malformed},
    Must{"header section ends or the line is ill-formed; verdict the same as the MTA's own reading", as_the_server_reads},
    Must{"no crash; HELO text is quoted/escaped wherever we write it (Authentication-Results, Received-SPF, log, DSN)", helo_is_quoted},
    Must{"no crash; reply code as given", reply_as_given},
};
// clang-format on

}  // namespace

std::optional<std::string> violation(const Judged& judged) {
  std::string_view words = judged.one.must;
  std::string found;
  if (words.starts_with(kNever)) {
    found = never_passes(judged);
    words.remove_prefix(kNever.size());
    if (words.empty() || !found.empty()) return found;
  }
  for (const Must& must : kMusts) {
    if (words == must.words) return must.holds(judged);
  }
  return std::nullopt;
}

}  // namespace postern::spoofing
