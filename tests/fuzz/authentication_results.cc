#include "policy/mail/authentication_results.h"

#include <string>
#include <vector>

#include "policy/base/text.h"
#include "policy/mail/address.h"
#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

// Nothing but printable ASCII and folds, and no line of blanks alone (RFC 5322 3.2.2): it is one field.
void check_one_field(std::string_view field) {
  for (const std::string_view line : split(field, '\n')) {
    const bool first = line.data() == field.data();
    hold(first || line.starts_with('\t'), "a line break is a fold");
    const std::string_view rest = first ? line : line.substr(1);
    hold(!rest.empty() && rest.find_first_not_of(' ') == 0, "a line begins with a word");
    hold(std::all_of(rest.begin(), rest.end(), [](char c) { return c >= 0x20 && c < 0x7f; }), "printable ASCII");
    hold(line.size() <= 998, "no line over 998 bytes");  // RFC 5322 2.1.1
  }
}

// Whatever a value and a reason hold, a reader finds one result, with the value or without any.
void check_written(std::string_view text) {
  const std::string value(text);
  const std::string field = authentication_results(
      "mx.example.org", {{"spf", "fail", {{"smtp.mailfrom", value}, {"smtp.helo", "b.example"}}, value}});
  check_one_field(field);
  hold(claimed_authserv_id(field) == "mx.example.org", "our field claims our name");
  const auto read = parse_authentication_results(field);
  hold(read && read->authserv_id == "mx.example.org" && read->results.size() == 1, "one result");
  const AuthenticationResult& r = read->results.front();
  hold(r.method == "spf" && r.result == "fail", "which is ours");
  hold(r.reason.empty() == value.empty() && r.reason.size() <= 200, "with a reason");
  hold(!r.properties.empty() && r.properties.back() == AuthenticationResult::Property{"smtp.helo", "b.example"},
       "what stands behind it stays");
  if (r.properties.size() == 1) return;
  hold(r.properties.size() == 2 && r.properties.front().name == "smtp.mailfrom", "no property more");
  const std::string& said = r.properties.front().value;
  if (said == value) return;
  if (const auto mailbox = Path::parse("<" + value + ">").mailbox) {
    const bool is_domain = mailbox->domain && said == "@" + mailbox->domain->text();
    return hold(said == mailbox->text() || is_domain, "the address, or its domain");
  }
  const auto domain = Domain::parse(text.substr(std::min(text.size(), text.rfind('@') + 1)));
  hold(domain && said == "@" + domain->text(), "the domain");
}

void check_read(std::string_view text) {
  const auto read = parse_authentication_results(text);
  if (!read) return;
  hold(read->results.size() <= kMostAuthenticationResults, "results are bounded");
  for (const AuthenticationResult& r : read->results)
    hold(r.properties.size() <= kMostResultProperties, "properties are bounded");
  if (read->authserv_id == claimed_authserv_id(text))
    return hold(parse_authentication_results(authentication_results("a", read->results)).has_value(),
                "what was read can be written");
  hold(false, "both readers find the same name");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_written(text);
  check_read(text);
  return 0;
}
