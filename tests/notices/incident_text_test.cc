#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "policy/base/text.h"
#include "policy/mail/encoded_word.h"
#include "policy/notices/incident_json.h"
#include "policy/notices/incident_mail.h"
#include "tests/notices/notice_support.h"

namespace postern::notices {
namespace {

Letter letter() {
  return {.from = *Path::parse("postern@mx.example").mailbox,
          .to = *Path::parse("postmaster@example.org").mailbox,
          .hostname = "mx.example"};
}

std::string mail(Incident incident) { return incident_mail(test::notice_of(std::move(incident)), letter()); }

/// The names of the fields, as whoever receives it sees them.
std::vector<std::string> field_names(const std::string& message) {
  std::vector<std::string> names;
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line) && !line.empty() && line != "\r";) {
    if (line.front() != ' ' && line.front() != '\t') names.push_back(line.substr(0, line.find(':')));
  }
  return names;
}

const std::vector<std::string> kFields{"From",         "To",           "Date",
                                       "Message-ID",   "Subject",      "Auto-Submitted",
                                       "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};

Incident hostile_incident(const std::string& text) {
  return {.rule = text, .key = text, .id = text, .what = text, .facts = {{text, text}, {"login", text}}, .to = {text}};
}

TEST(IncidentMail, TellsWhatHappenedAndWhatMayBeDone) {
  const std::string message = mail(test::limit_incident());
  EXPECT_EQ(message,
            "From: Postern <postern@mx.example>\n"
            "To: <postmaster@example.org>\n"
            "Date: Thu, 28 May 2026 20:26:40 +0000\n"
            "Message-ID: <0a1b.postern@mx.example>\n"
            "Subject: [postern] limit user is over: bob@example.org\n"
            "Auto-Submitted: auto-generated\n"
            "MIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: quoted-printable\n"
            "\n"
            "limit user is over\n"
            "\n"
            "  about     bob@example.org\n"
            "  rule      outbound/limit-user\n"
            "  time      2026-05-28 20:26:40 UTC\n"
            "  decision  4FZQ0K8Y\n"
            "\n"
            "  login   bob@example.org\n"
            "  client  192.0.2.1\n"
            "  used    501\n"
            "\n"
            "If the account is frozen, and in its owner's hands again:\n"
            "\n"
            "  postern account release bob@example.org\n"
            "\n"
            "This is told once in a while; the log has every decision.\n");
}

TEST(IncidentMail, IsNeverBrokenByWhatItTells) {
  for (const std::string& text : test::kHostile) {
    const std::string message = mail(hostile_incident(text));
    EXPECT_EQ(field_names(message), kFields) << text;
    EXPECT_TRUE(is_ascii(message)) << text;
    EXPECT_EQ(message.find_first_of(std::string_view("\0\r\x1b", 3)), std::string::npos) << text;
    std::istringstream lines(message);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 78u) << line;
  }
  // What would come of it if a text were taken as it is.
  const std::string naive = "From: <a@b>\nSubject: " + test::kHostile[1] + "\n\nbody";
  EXPECT_EQ(field_names(naive), (std::vector<std::string>{"From", "Subject", "Subject"}));
}

TEST(IncidentMail, OfLongTextsStaysShort) {
  Incident incident = hostile_incident(std::string(100'000, 'x'));
  incident.facts.assign(100, {std::string(100'000, 'n'), std::string(100'000, 'v')});
  const std::string message = mail(incident);
  EXPECT_LT(message.size(), 100'000u);
  EXPECT_EQ(field_names(message), kFields);
}

TEST(IncidentMail, SaysTextBeyondAsciiInEncodedWords) {
  Incident incident = test::limit_incident();
  incident.what = "Grenze erreicht: M\xC3\xBCller";
  const std::string message = mail(incident);
  const std::size_t at = message.find("Subject: ") + 9;
  const std::string subject = message.substr(at, message.find("\nAuto") - at);
  EXPECT_EQ(decode_words(subject), "[postern] Grenze erreicht: M\xC3\xBCller: bob@example.org");
  EXPECT_NE(message.find("M=C3=BCller"), std::string::npos);
}

TEST(IncidentMail, OffersNoCommandThatAShellWouldTakeOtherwise) {
  for (const std::string& text : test::kHostile) {
    Incident incident = test::limit_incident();
    incident.facts = {{"login", text}};
    EXPECT_NE(mail(incident).find("postern account release LOGIN\n"), std::string::npos) << text;
  }
  Incident incident = test::limit_incident();
  incident.facts = {{"login", "--help"}};
  EXPECT_NE(mail(incident).find("postern account release LOGIN\n"), std::string::npos);
  incident.facts = {{"client", "192.0.2.1"}};
  EXPECT_EQ(mail(incident).find("postern account"), std::string::npos);
}

TEST(IncidentJson, TellsAll) {
  const auto json = nlohmann::json::parse(incident_json(test::notice_of(test::limit_incident()), "mx.example"));
  EXPECT_EQ(json["event"], "incident");
  EXPECT_EQ(json["text"], "limit user is over (bob@example.org)");
  EXPECT_EQ(json["rule"], "outbound/limit-user");
  EXPECT_EQ(json["key"], "bob@example.org");
  EXPECT_EQ(json["id"], "4FZQ0K8Y");
  EXPECT_EQ(json["what"], "limit user is over");
  EXPECT_EQ(json["time"], "2026-05-28T20:26:40Z");
  EXPECT_EQ(json["host"], "mx.example");
  EXPECT_EQ(json["facts"][2]["name"], "used");
  EXPECT_EQ(json["facts"][2]["value"], "501");
}

TEST(IncidentJson, IsNeverBrokenByWhatItTells) {
  for (const std::string& text : test::kHostile) {
    const std::string line = incident_json(test::notice_of(hostile_incident(text)), text);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << line;
    EXPECT_EQ(json.size(), 9u) << line;
    EXPECT_EQ(json["rule"], replace_invalid_utf8(text));
    EXPECT_EQ(json["facts"][0]["name"], replace_invalid_utf8(text));
  }
  EXPECT_LT(incident_json(test::notice_of(hostile_incident(std::string(100'000, '\1'))), "mx").size(), 300'000u);
  // What would come of it if a text were taken as it is.
  const auto naive = nlohmann::json::parse(fmt::format("{{\"key\":\"{}\"}}", "x\",\"rule\":\"other"));
  EXPECT_EQ(naive["rule"], "other");
}

}  // namespace
}  // namespace postern::notices
