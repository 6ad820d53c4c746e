#include "config/notices_section.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "config/placed_texts.h"
#include "config/read_file.h"
#include "config/sections.h"
#include "policy/base/ip.h"
#include "policy/base/port.h"
#include "policy/base/text.h"
#include "policy/mail/address.h"
#include "policy/notices/webhook.h"

namespace postern::config {

using namespace std::chrono_literals;

namespace {

/// An address with a domain, or `fallback`.
std::string read_address(Settings& s, std::string_view key, std::string_view shown, std::string fallback,
                         std::string_view doc) {
  const Node* node = s.node(key, "address", shown, doc);
  if (node == nullptr || node->is_null()) return fallback;
  if (const Path path = Path::parse(node->text); node->is_scalar() && path.mailbox && path.mailbox->domain)
    return path.mailbox->text();
  const std::string given =
      node->is_scalar() ? fmt::format("\"{}\"", printable(node->text, 80)) : std::string(node->describe());
  s.problems().error(node->where, fmt::format("notices.{}: {} is no address", key, given),
                     "write postmaster@example.org");
  return fallback;
}

}  // namespace

void read_notices(Settings& s, const std::string& folder, notices::NotifyOptions& o, Policy& policy) {
  const std::string own = "postmaster@" + policy.site.hostname;
  policy.postmaster = read_address(s, "postmaster", "postmaster@ our hostname", own, "whom `notify: postmaster` tells");
  o.postmaster = policy.postmaster;
  o.mail.from = read_address(s, "from", "postmaster@ our hostname", own, "who writes");
  o.mail.hostname = policy.site.hostname;
  const Node* server =
      s.node("server", "ADDRESS or ADDRESS@PORT", "127.0.0.1@25", "the mail server that takes the mail");
  if (server != nullptr && !server->is_null()) {
    const std::size_t at = server->text.rfind('@');
    const auto ip = IpAddress::parse(server->text.substr(0, at));
    const auto port = at == std::string::npos ? std::optional(o.mail.port) : parse_port(server->text.substr(at + 1));
    if (!server->is_scalar() || !ip || !port) {
      s.problems().error(server->where,
                         fmt::format("notices.server: \"{}\" is no address", printable(server->text, 80)),
                         "write 127.0.0.1 or 127.0.0.1@587");
    } else {
      o.mail.server = ip->text();
      o.mail.port = *port;
    }
  }
  const Node* hook = s.node("webhook", "http:// or https:// URL", "none", "where incidents are POSTed to, as JSON");
  if (hook != nullptr && !hook->is_null()) {
    o.webhook = hook->text;
    if (!notices::WebhookUrl::parse(o.webhook))
      s.problems().error(hook->where, fmt::format("notices.webhook: \"{}\" is no URL", printable(hook->text, 80)),
                         "write https://chat.example.org/hooks/mail");
  }
  o.webhook_token_file = s.text("webhook_token_file", "", "file with the token that the webhook wants");
  if (!o.webhook_token_file.empty()) {
    o.webhook_token_file = below(folder, o.webhook_token_file);
    std::string why;
    if (!read_file(o.webhook_token_file, why))
      s.problems().warning(s.where("webhook_token_file"),
                           fmt::format("notices.webhook_token_file: {}: {}", o.webhook_token_file, why));
  }
  const std::vector<PlacedText> command = placed_texts(s, "command", "path, or list of a path and arguments", "none",
                                                       "a program that gets incidents as JSON, no shell");
  for (const PlacedText& text : command) o.command.push_back(text.text);
  if (!command.empty() && !command.front().text.starts_with('/'))
    s.problems().error(command.front().where, "notices.command wants the whole path of a program",
                       "write [/usr/local/bin/on-incident, --now]");
  else if (!command.empty() && access(command.front().text.c_str(), X_OK) != 0)
    s.problems().warning(command.front().where,
                         fmt::format("notices.command: {} cannot be run: {}", printable(command.front().text, 200),
                                     std::generic_category().message(errno)));
  o.every = std::chrono::duration_cast<std::chrono::seconds>(
      s.duration("every", 1h, 1min, 24h * 31, "the same incident, of a rule and whom it is about, is told once"));
  o.most_of_rule = s.number("most", 100, 1, 100'000,
                            "incidents of one rule that are told in an hour; postmaster is told that there were more");
  s.later("language");
}

}  // namespace postern::config
