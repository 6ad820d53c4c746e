#include "tests/scenario/spoofing_cases.h"

#include <stdlib.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "policy/base/text.h"
#include "tests/support/signed_mail.h"

namespace postern::spoofing {

namespace {

constexpr std::int64_t kSigned = 1'790'000'000;

struct Keys {
  dkim::SigningKey legit = test::signing_key("legit.example", "sel");
  dkim::SigningKey attacker = test::signing_key("attack.example", "sel", crypto::KeyType::ed25519);
  dkim::SigningKey provider = test::signing_key("provider.example", "sel");
};

void replace(std::string& text, std::string_view what, const std::string& by) {
  const std::size_t at = text.find(what);
  if (at != std::string::npos) text.replace(at, what.size(), by);
}

// The file's addresses are those of documentation (RFC 5737), which no mail host has: the senders of such mail would be
// refused for that alone.
std::string routable(std::string text) {
  replace(text, "192.0.2.", "31.0.2.");
  replace(text, "198.51.100.", "31.51.100.");
  replace(text, "203.0.113.", "31.0.113.");
  return text;
}

std::string zone_of(const YAML::Node& dns, const Keys& keys) {
  std::string zone = test::key_line(keys.provider) +
                     "66.113.0.31.in-addr.arpa. PTR mx.attack.example.\n"
                     "5.100.51.31.in-addr.arpa. PTR mx.provider.example.\n";
  for (const auto& entry : dns) {
    for (const YAML::Node& record : entry.second) {
      std::string text = routable(record.as<std::string>());
      replace(text, "<RFC 6376 A.2 key>", keys.legit.key->public_text());
      replace(text, "<test key of the attacker>", keys.attacker.key->public_text());
      for (std::size_t at = 200; at < text.size(); at += 203) text.insert(at, "\" \"");
      zone += entry.first.as<std::string>() + ". " + text + "\n";
    }
  }
  return zone;
}

// A line of a field, as it is; nothing where it is none for Postfix: a name of printable ASCII, blanks, a colon.
std::optional<HeaderField> field_of(std::string_view line, Server server) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view name = line.substr(0, colon);
  if (server == Server::postfix) {
    const std::size_t ends = name.find_last_not_of(" \t");
    if (ends == std::string_view::npos || !std::all_of(name.begin(), name.begin() + static_cast<long>(ends) + 1,
                                                       [](char c) { return c > ' ' && c < '\x7f'; }))
      return std::nullopt;
  }
  return HeaderField{std::string(name), std::string(line.substr(colon + 1))};
}

// `h=` of a placeholder, or our own choice without Content-Type.
dkim::SigningForm form_of(std::string_view placeholder) {
  if (placeholder.find("h=from:subject:to") != std::string_view::npos) return {{"from", "subject", "to"}, {}};
  return {{"from", "to", "subject", "date", "message-id"}, {}};
}

std::string signature(const dkim::SigningKey& key, const dkim::SigningForm& form,
                      const std::vector<HeaderField>& header, std::string_view body) {
  dkim::BodyHashes bodies;
  const std::size_t number = bodies.add({});
  bodies.update(body);
  bodies.finish();
  return "DKIM-Signature: " + dkim::sign(key, form, header, bodies.at(number), kSigned).value();
}

// Signs what the case says is signed: a placeholder the fields below it, the attacker all of them.
void sign(Case& one, const YAML::Node& node, const Keys& keys) {
  for (std::size_t i = 0; i < one.lines.size(); ++i) {
    const std::string line = one.lines[i];
    if (!line.starts_with("DKIM-Signature: <valid")) {
      if (line.find("<valid") != std::string::npos) throw std::runtime_error(one.id + ": " + line);
      continue;
    }
    std::vector<HeaderField> below;
    for (std::size_t j = i + 1; j < one.lines.size(); ++j) below.push_back(*field_of(one.lines[j], Server::credulous));
    const bool by_provider = line.find("provider.example") != std::string::npos;
    one.lines[i] = signature(by_provider ? keys.provider : keys.legit, form_of(line), below, one.body);
  }
  if (const YAML::Node by = node["dkim_by_attacker"]) {
    dkim::SigningKey key = keys.attacker;
    key.domain = by["d"].as<std::string>();
    key.selector = by["s"].as<std::string>();
    one.lines.insert(one.lines.begin(),
                     signature(key, dkim::default_signing_form(), one.as_seen_by(Server::credulous).header, one.body));
  }
}

Case case_of(const YAML::Node& node, const Keys& keys) {
  const auto text = [&](const char* key) { return node[key] ? node[key].as<std::string>() : std::string(); };
  Case one{.id = text("id"),
           .client_ip = routable(text("client_ip")),
           .helo = text("helo"),
           .mail_from = routable(text("mail_from")),
           .rcpt_to = text("rcpt_to"),
           .login = text("smtp_auth"),
           .lines = {},
           .body = text("body"),
           .outcome = node["expect"]["outcome"].as<std::string>(),
           .status = node["expect"]["enhanced"] ? node["expect"]["enhanced"].as<std::string>() : std::string(),
           .must = node["expect"]["must"].as<std::string>()};
  for (const YAML::Node& line : node["headers"]) one.lines.push_back(line.as<std::string>());
  sign(one, node, keys);
  return one;
}

// One line and those that fold it, whose CR does not count.
std::vector<std::string> physical(const std::string& line) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find('\n', begin), line.size());
    std::string one = line.substr(begin, end - begin);
    if (!one.empty() && one.back() == '\r') one.pop_back();
    lines.push_back(std::move(one));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

Case::Message Case::as_seen_by(Server server) const {
  Message message;
  if (server == Server::credulous) {
    for (const std::string& line : lines) {
      std::string unfolded = line;
      for (std::size_t at = 0; (at = unfolded.find("\r\n", at)) != std::string::npos;) unfolded.erase(at, 1);
      if (auto field = field_of(unfolded, server)) message.header.push_back(std::move(*field));
    }
    message.body = body;
    return message;
  }
  std::vector<std::string> all;
  for (const std::string& line : lines) {
    for (std::string& one : physical(line)) all.push_back(std::move(one));
  }
  std::size_t next = 0;
  for (; next < all.size(); ++next) {
    const std::string& line = all[next];
    if (next == 0 && line.starts_with("From ")) {
      message.header.push_back({"X-Mailbox-Line", " " + line});
    } else if (!message.header.empty() && (line.starts_with(' ') || line.starts_with('\t'))) {
      message.header.back().value += "\n" + line;
    } else if (auto field = field_of(line, server)) {
      message.header.push_back(std::move(*field));
    } else {
      break;
    }
  }
  for (HeaderField& field : message.header) field.value.resize(std::min(field.value.find('\0'), field.value.size()));
  for (; next < all.size(); ++next) message.body += all[next] + "\r\n";
  message.body += body;
  return message;
}

std::filesystem::path file() {
  namespace fs = std::filesystem;
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata" /
         "spoofing" / "cases.yml";
}

Cases read() {
  const YAML::Node yaml = YAML::LoadFile(file());
  const Keys keys;
  Cases all{.cases = {}, .zone = zone_of(yaml["dns"], keys)};
  for (const YAML::Node& node : yaml["cases"]) all.cases.push_back(case_of(node, keys));
  return all;
}

}  // namespace postern::spoofing
