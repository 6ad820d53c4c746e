#include "policy/notices/incident_mail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "policy/base/text.h"
#include "policy/dns/domain.h"
#include "policy/mail/field_value.h"

namespace postern::notices {

namespace {

constexpr std::size_t kMostNameBytes = 40;       // local
constexpr std::size_t kMostValueBytes = 300;     // local
constexpr std::size_t kMostSubjectBytes = 150;   // local
constexpr std::size_t kMostEncodedColumns = 76;  // RFC 2045 6.7

using Table = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const Table& table) {
  std::size_t width = 0;
  for (const auto& row : table) width = std::max(width, row.first.size());
  std::string out;
  for (const auto& [name, value] : table) out += fmt::format("  {:{}}  {}\n", name, width, value);
  return out;
}

Table rows(const Notice& notice) {
  const Incident& incident = notice.incident;
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(notice.at);
  Table table{{"about", printable(incident.key, kMostValueBytes)},
              {"rule", printable(incident.rule, kMostValueBytes)},
              {"time", fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(seconds))}};
  if (!incident.id.empty()) table.emplace_back("decision", printable(incident.id, kMostNameBytes));
  return table;
}

// A login as a word of a command that is to be copied. It may have been chosen by a stranger, so what a shell could take
// for anything else is left to the reader.
std::string login_of(const Incident& incident) {
  const auto fact = std::find_if(incident.facts.begin(), incident.facts.end(),
                                 [](const auto& pair) { return pair.first == "login" && !pair.second.empty(); });
  if (fact == incident.facts.end()) return {};
  const std::string& login = fact->second;
  const bool plain =
      login.size() <= kMostValueBytes && login.front() != '-' && std::all_of(login.begin(), login.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("@._+-").find(c) != std::string_view::npos;
      });
  return plain ? login : "LOGIN";
}

std::string body_of(const Notice& notice) {
  const Incident& incident = notice.incident;
  std::string body = fmt::format("{}\n\n{}", printable(incident.what, kMostValueBytes), text_of(rows(notice)));
  Table facts;
  for (const auto& [name, value] : incident.facts)
    facts.emplace_back(printable(name, kMostNameBytes), printable(value, kMostValueBytes));
  if (!facts.empty()) body += "\n" + text_of(facts);
  if (const std::string login = login_of(incident); !login.empty()) {
    body += fmt::format("\nIf the account is frozen, and in its owner's hands again:\n\n  postern account release {}\n",
                        login);
  }
  return body += "\nThis is told once in a while; the log has every decision.\n";
}

// RFC 2045 6.7
std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      out += '\n';
      column = 0;
      continue;
    }
    const bool last = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain = byte > 0x20 && byte < 0x7f && byte != '=';
    const std::string piece = plain || (byte == ' ' && !last) ? std::string(1, text[i]) : fmt::format("={:02X}", byte);
    if (column + piece.size() > kMostEncodedColumns - 1) {  // one column for the soft line break
      out += "=\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  return out;
}

}  // namespace

std::string incident_mail(const Notice& notice, const Letter& letter) {
  const Incident& incident = notice.incident;
  const std::string subject =
      fmt::format("[postern] {}: {}", printable(incident.what, kMostSubjectBytes), printable(incident.key));
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(notice.at);
  const auto host = Domain::parse(letter.hostname);
  std::string message;
  const auto field = [&](std::string_view name, std::string_view value) {
    message += fmt::format("{}: {}\n", name, value);
  };
  field("From", fmt::format("Postern <{}>", letter.from.text()));
  field("To", fmt::format("<{}>", letter.to.text()));
  field("Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(seconds)));
  field("Message-ID", fmt::format("<{}.postern@{}>", notice.token, host ? host->text() : "localhost"));
  field("Subject", field_value("Subject", subject));
  field("Auto-Submitted", "auto-generated");  // RFC 3834 5
  field("MIME-Version", "1.0");
  field("Content-Type", "text/plain; charset=utf-8");
  field("Content-Transfer-Encoding", "quoted-printable");
  return message + "\n" + quoted_printable(body_of(notice));
}

}  // namespace postern::notices
