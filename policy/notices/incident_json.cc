#include "policy/notices/incident_json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "policy/base/text.h"

namespace postern::notices {

namespace {

constexpr std::size_t kMostValueBytes = 4000;  // local

std::string quoted(std::string_view text) {
  const std::string valid = replace_invalid_utf8(text.substr(0, kMostValueBytes));
  std::string out = "\"";
  for (const char c : valid) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);  // RFC 8259 7
    } else {
      out += c;
    }
  }
  return out += '"';
}

}  // namespace

std::string incident_json(const Notice& notice, std::string_view host) {
  const Incident& incident = notice.incident;
  std::string facts;
  for (const auto& [name, value] : incident.facts)
    facts += fmt::format("{}{{\"name\":{},\"value\":{}}}", facts.empty() ? "" : ",", quoted(name), quoted(value));
  const std::string text = fmt::format("{} ({})", printable(incident.what), printable(incident.key));
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(notice.at);
  return fmt::format(
      "{{\"event\":\"incident\",\"text\":{},\"rule\":{},\"key\":{},\"id\":{},\"what\":{},\"time\":\"{:%Y-%m-%dT%H:%M:%"
      "SZ}\","
      "\"host\":{},\"facts\":[{}]}}",
      quoted(text), quoted(incident.rule), quoted(incident.key), quoted(incident.id), quoted(incident.what),
      fmt::gmtime(seconds), quoted(host), facts);
}

}  // namespace postern::notices
