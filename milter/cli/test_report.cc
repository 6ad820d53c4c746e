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
