#include "milter/cli/test_report.h"

#include <fmt/format.h>

#include "milter/json.h"
#include "policy/base/text.h"

namespace postern::cli {

namespace {

std::string_view name(Edit::Kind kind) {
  switch (kind) {
    case Edit::Kind::add_header: return "add_header";
    case Edit::Kind::insert_header: return "insert_header";
    case Edit::Kind::delete_header: return "remove_header";
  }
  return "";
}

int code(const std::optional<Reply>& reply) { return reply ? reply->code() : 250; }

Json decision(const DecisionRecord& r) {
  Json json{{"action", rules::name(r.action)},
            {"stage", postern::name(r.stage)},
            {"rule", r.rule.empty() ? Json(nullptr) : Json(r.rule)},
            {"code", code(r.reply)}};
  json["enhanced"] = r.reply ? r.reply->status_text() : "2.0.0";
  json["text"] = r.reply ? r.reply->text() : r.text;
  json["id"] = r.id;
  json["degraded"] = r.degraded;
  json["softened"] = r.softened;
  json["matched"] = r.matched;
  json["tags"] = r.tags;
  json["score"] = r.score;
  json["would"] = r.would.empty() ? Json(nullptr) : Json(r.would);
  return json;
}

Json recipients(const DecisionRecord& r) {
  Json list = Json::array();
  for (const DecisionRecord::RecipientOutcome& recipient : r.recipients) {
    list.push_back({{"address", recipient.address},
                    {"action", rules::name(recipient.action)},
                    {"code", code(recipient.reply)},
                    {"rule", recipient.rule.empty() ? Json(nullptr) : Json(recipient.rule)}});
  }
  return list;
}

Json findings(const DecisionRecord& r) {
  Json list = Json::array();
  for (const DecisionRecord::CheckResult& finding : r.findings) {
    Json one{{"check", finding.check}, {"outcome", finding.outcome}, {"reason", finding.reason}, {"ms", finding.ms}};
    if (!finding.recipient.empty()) one["recipient"] = finding.recipient;
    list.push_back(std::move(one));
  }
  return list;
}

// Of a lookup by `postern test`: nothing there is slow, and nobody waits for it.
Deadline patience() { return Deadline(std::chrono::steady_clock::now() + std::chrono::seconds(20)); }

Json spf_json(const Evidence& evidence) {
  const auto found = evidence.spf(patience());
  if (!found) return nullptr;
  const spf::Result& r = found->value;
  return {{"result", name(r.status)}, {"domain", r.domain}, {"identity", name(r.identity)},
          {"mechanism", r.mechanism}, {"reason", r.reason}, {"explanation", r.explanation}};
}

Json dkim_json(const Evidence& evidence) {
  Json list = Json::array();
  const auto found = evidence.dkim(patience());
  if (!found) return list;
  for (const dkim::Result& r : found->value)
    list.push_back({{"result", name(r.status)},
                    {"reason", r.reason},
                    {"d", r.domain},
                    {"s", r.selector},
                    {"i", r.identity},
                    {"a", r.algorithm},
                    {"bits", r.bits},
                    {"testing", r.testing},
                    {"truncated", r.truncated},
                    {"distrusted", r.distrusted},
                    {"capped", r.capped}});
  return list;
}

Json arc_json(const Evidence& evidence) {
  const auto found = evidence.arc(patience());
  if (!found) return nullptr;
  const arc::Result& r = found->value;
  return {{"result", name(r.status)},
          {"instance", r.instance},
          {"oldest_pass", r.oldest_pass},
          {"sealer", r.sealer},
          {"reason", r.reason}};
}

Json dmarc_json(const Evidence& evidence) {
  const auto found = evidence.dmarc(patience());
  if (!found) return nullptr;
  if (!found->value) return {{"result", "no-author"}, {"reason", evidence.author().problem}};
  const dmarc::Result& r = *found->value;
  return {{"result", name(r.status)},
          {"policy", r.record ? Json(name(r.policy)) : Json(nullptr)},
          {"disposition", name(r.disposition)},
          {"policy_domain", r.policy_domain ? Json(r.policy_domain->text()) : Json(nullptr)},
          {"author", r.author.text()},
          {"spf_aligned", r.spf_aligned},
          {"dkim_aligned", r.dkim_aligned},
          {"reason", r.reason}};
}

Json edits(const DecisionRecord& r) {
  Json list = Json::array();
  for (const Edit& edit : r.edits) {
    Json one{{"kind", name(edit.kind)}, {"name", edit.name}};
    if (edit.kind != Edit::Kind::delete_header) one["value"] = edit.value;
    if (edit.kind != Edit::Kind::add_header) one["index"] = edit.index;
    list.push_back(std::move(one));
  }
  return list;
}

std::string verdict(const DecisionRecord& r) {
  std::string line = std::string(rules::name(r.action));
  if (r.reply)
    line += fmt::format(" {} {} {}", r.reply->code_text(), r.reply->status_text(), r.reply->text());
  else if (!r.text.empty())
    line += " " + printable(r.text);
  return line;
}

}  // namespace

std::string decision_json(const DecisionRecord& r, const std::string& file) {
  Json json = Json::object();
  if (!file.empty()) json["file"] = file;
  json["decision"] = decision(r);
  json["recipients"] = recipients(r);
  json["findings"] = findings(r);
  json["spf"] = r.evidence ? spf_json(*r.evidence) : Json(nullptr);
  json["dkim"] = r.evidence ? dkim_json(*r.evidence) : Json::array();
  json["arc"] = r.evidence ? arc_json(*r.evidence) : Json(nullptr);
  json["dmarc"] = r.evidence ? dmarc_json(*r.evidence) : Json(nullptr);
  json["edits"] = edits(r);
  json["authentication_results"] = r.authentication_results;
  return json_line(json);
}

std::string decision_text(const DecisionRecord& r) {
  std::string out = verdict(r) + "\n";
  out += fmt::format("  at {}{}\n", postern::name(r.stage), r.rule.empty() ? ", by no rule" : ", by rule " + r.rule);
  for (const DecisionRecord::RecipientOutcome& recipient : r.recipients) {
    out += fmt::format("  {}: {} {}\n", printable(recipient.address), rules::name(recipient.action),
                       code(recipient.reply));
  }
  for (const DecisionRecord::CheckResult& f : r.findings) {
    out += fmt::format("  {} is {}{}{}\n", f.check, f.outcome, f.reason.empty() ? "" : ": ", printable(f.reason));
  }
  for (const Edit& edit : r.edits)
    out +=
        fmt::format("  {} {}{}{}\n", name(edit.kind), edit.name, edit.value.empty() ? "" : ": ", printable(edit.value));
  if (!r.degraded.empty()) out += fmt::format("  could not be had: {}\n", join(r.degraded, ", "));
  if (!r.would.empty()) out += fmt::format("  with the monitored rules: {}\n", r.would);
  return out;
}

std::string decision_line(const DecisionRecord& r, const std::string& file) {
  return fmt::format("{}: {}{}\n", file, verdict(r), r.rule.empty() ? "" : " [" + r.rule + "]");
}

}  // namespace postern::cli
