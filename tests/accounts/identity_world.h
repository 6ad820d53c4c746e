#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "policy/accounts/identity/identity.h"
#include "tests/support/fake_directory.h"

namespace postern::test {

/// Fields of a header, each with its line end; those that begin with a blank continue the one above.
inline std::vector<HeaderField> fields_of(std::string_view text) {
  std::vector<HeaderField> fields;
  for (const std::string_view line : split(text, '\n')) {
    if (!fields.empty() && (line.starts_with(' ') || line.starts_with('\t'))) {
      fields.back().value += '\n' + std::string(line);
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
    }
  }
  return fields;
}

inline Deadline soon() { return Deadline(std::chrono::steady_clock::now() + std::chrono::seconds(5)); }

/// Two directories, "mailboxes" and "extra", and messages that are judged by them.
struct IdentityWorld {
  std::shared_ptr<FakeDirectory> mailboxes = std::make_shared<FakeDirectory>("mailboxes");
  std::shared_ptr<FakeDirectory> extra = std::make_shared<FakeDirectory>("extra");
  accounts::IdentityOptions options;
  Counters counters;

  accounts::Verdict verdict(std::string_view login, const Path* mail_from, const HeaderAddresses* header) {
    const accounts::IdentityRules rules(options, {mailboxes, extra}, &counters);
    return rules.check({login, mail_from, header}, soon());
  }
  accounts::Verdict verdict(std::string_view login, std::string_view header) {
    const HeaderAddresses addresses = read_addresses(fields_of(header));
    return verdict(login, nullptr, &addresses);
  }
  /// `own`, `foreign from`; `no-sender` behind it where a Sender field is missing, `shows ADDRESS` where a display name
  /// does. What passes names no member.
  static std::string told(const accounts::Verdict& verdict) {
    std::string out(name(verdict.identity));
    if (verdict.member && verdict.identity > accounts::Identity::delegated)
      out += ' ' + std::string(name(*verdict.member));
    if (verdict.sender_missing) out += " no-sender";
    if (verdict.display_name) out += " shows " + *verdict.display_name;
    return out;
  }
  std::string judge(std::string_view login, std::string_view header) { return told(verdict(login, header)); }
  /// … with a MAIL FROM.
  std::string judge(std::string_view login, std::string_view mail_from, std::string_view header) {
    const Path path = Path::parse(mail_from);
    const HeaderAddresses addresses = read_addresses(fields_of(header));
    return told(verdict(login, &path, &addresses));
  }
  /// At MAIL, where there is no header yet.
  std::string at_mail(std::string_view login, std::string_view mail_from) {
    const Path path = Path::parse(mail_from);
    return told(verdict(login, &path, nullptr));
  }
  /// What a From of that address is to the login.
  std::string from(std::string_view login, std::string_view address) {
    return judge(login, "From: <" + std::string(address) + ">");
  }
};

}  // namespace postern::test
