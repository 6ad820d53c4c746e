#include "policy/engine/decision_record.h"

#include <fmt/format.h>

namespace postern {

namespace {

constexpr std::size_t kMaxRecipientsTold = 50;  // local: a line stays readable; `recipients` tells the full number

std::string joined_reasons(const DecisionRecord& record) {
  std::string text;
  for (const auto& finding : record.findings) {
    if (finding.reason.empty()) continue;
    if (!text.empty()) text += "; ";
    text += finding.check + ": " + finding.reason;
  }
  return text;
}

std::vector<std::string> recipient_words(const DecisionRecord& record) {
  std::vector<std::string> words;
  for (const auto& recipient : record.recipients) {
    if (words.size() == kMaxRecipientsTold) break;
    const std::string what = recipient.by_mta ? std::string("refused-by-mta")
                             : recipient.reply
                                 ? fmt::format("{}/{}", rules::name(recipient.action), recipient.reply->code())
                                 : std::string(rules::name(recipient.action));
    words.push_back(recipient.address + "=" + what);
  }
  return words;
}

}  // namespace

Event decision_event(const DecisionRecord& record) {
  Event event{.name = "decision", .level = LogLevel::info, .fields = {}};
  event.fields.reserve(32);
  event.add("id", record.id);
  if (!record.queue_id.empty()) event.add("queue", record.queue_id);
  event.add("action", std::string(record.end == DecisionRecord::End::aborted ? "aborted" : rules::name(record.action)));
  event.add("stage", std::string(name(record.stage)));
  if (!record.rule.empty()) event.add("rule", record.rule);
  if (record.reply) {
    event.add("code", std::int64_t{record.reply->code()});
    event.add("status", record.reply->status_text());
    event.add("text", record.reply->text());
  } else if (!record.text.empty()) {
    event.add("text", record.text);
  }
  if (record.softened) event.add("softened", true);
  event.add("direction", std::string(name(record.direction)));
  if (record.client) {
    event.add("client", record.client->ip ? record.client->ip->text() : std::string("local"));
    if (!record.client->name.empty()) event.add("client_name", record.client->name);
    if (!record.client->listener.empty()) event.add("listener", record.client->listener);
  }
  if (record.greeting) {
    event.add("helo", record.greeting->helo);
    if (!record.greeting->tls_version.empty()) event.add("tls", record.greeting->tls_version);
  }
  if (record.sender) {
    event.add("sender", record.sender->path.text());
    if (!record.sender->login.empty()) event.add("login", record.sender->login);
  }
  event.add("recipients", static_cast<std::int64_t>(record.recipients.size()));
  event.add("recipient", recipient_words(record));
  if (!record.findings.empty()) {
    std::vector<std::string> findings, timings;
    for (const auto& finding : record.findings) {
      findings.push_back(finding.check + "=" + finding.outcome);
      timings.push_back(fmt::format("{}={:.1f}", finding.check, finding.ms));
    }
    event.add("findings", std::move(findings));
    event.add("reasons", joined_reasons(record));
    event.add("timings", std::move(timings));
  }
  if (!record.matched.empty()) event.add("matched", record.matched);
  if (!record.degraded.empty()) event.add("degraded", record.degraded);
  if (!record.tags.empty()) event.add("tags", record.tags);
  if (record.score != 0) event.add("score", record.score);
  if (!record.edits.empty()) event.add("edits", static_cast<std::int64_t>(record.edits.size()));
  if (!record.log.empty()) event.add("log", record.log);
  if (record.mode == Mode::monitor) event.add("mode", std::string("monitor"));
  if (!record.would.empty()) event.add("would", record.would);
  if (record.bytes > 0) event.add("bytes", static_cast<std::int64_t>(record.bytes));
  event.add("generation", static_cast<std::int64_t>(record.generation));
  event.add("ms", record.ms);
  return event;
}

}  // namespace postern
