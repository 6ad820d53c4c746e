#include "milter/cli/arc_sign.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "milter/cli/ask_dns.h"
#include "milter/cli/message_file.h"
#include "milter/json.h"
#include "policy/auth/arc/arc.h"
#include "policy/auth/crypto.h"

namespace postern::cli {

namespace {

constexpr std::chrono::seconds kPatience{20};         // local: at most 20 keys, all asked for at once
constexpr std::size_t kMostKeyFileBytes = 64 * 1024;  // local: a key of 16384 bits has 13 KiB

int say(int status, const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return status;
}

Result<dkim::SigningKey> read_key(const ArcSignOptions& options) {
  const auto domain = Domain::parse(options.domain);
  if (!domain) return Error{fmt::format("--domain: \"{}\" is no domain", printable(options.domain, 60)), {}};
  if (!dkim::key_name(options.selector, domain->text()))
    return Error{fmt::format("--selector: \"{}\" is no selector", printable(options.selector, 60)), {}};
  std::ifstream file(options.key, std::ios::binary);
  std::string pem(kMostKeyFileBytes, '\0');
  file.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  pem.resize(static_cast<std::size_t>(file.gcount()));
  if (pem.empty()) return Error{fmt::format("{}: cannot be read", options.key), {}};
  const auto key = crypto::PrivateKey::from_pem(pem);
  if (!key) return Error{fmt::format("{}: {}", options.key, key.error().message), {}};
  return dkim::SigningKey{domain->text(), options.selector, *key};
}

std::vector<std::string> names_of(const std::string& list) {
  std::vector<std::string> names;
  for (const std::string_view name : split(list, ':')) {
    if (!trim(name).empty()) names.push_back(ascii_lower(trim(name)));
  }
  return names;
}

int print(const arc::Result& chain, const std::vector<HeaderField>& set, bool json) {
  if (json) {
    Json fields = Json::array();
    for (const HeaderField& field : set) fields.push_back({{"name", field.name}, {"value", field.value}});
    const Json all = {{"cv", arc::name(chain.status)},
                      {"instance", chain.instance + (set.empty() ? 0 : 1)},
                      {"reason", chain.reason},
                      {"fields", fields}};
    std::printf("%s\n", json_line(all).c_str());
    return kOk;
  }
  for (const HeaderField& field : set) std::printf("%s:%s\n", field.name.c_str(), field.value.c_str());
  return set.empty() ? say(kOk, "the chain was broken before: nothing is added to it") : kOk;
}

}  // namespace

int arc_sign(const ArcSignOptions& options) {
  const auto key = read_key(options);
  if (!key) return say(kUnusable, key.error().message);
  const auto authserv_id = Domain::parse(options.authserv_id);
  if (!authserv_id)
    return say(kUnusable, fmt::format("--authserv-id: \"{}\" is no domain", printable(options.authserv_id, 60)));
  const auto message = read_message(options.message);
  if (!message) return say(kUnusable, message.error().message);
  const SystemClock clock;
  Counters counters;
  const auto dns = ask_dns(options.zone, clock, counters);
  if (!dns) return say(kUnusable, dns.error().message);

  dkim::BodyHashes bodies;
  const arc::Chain chain(message->headers, {}, bodies);
  const std::size_t form = bodies.add({});
  bodies.update(message->body);
  bodies.finish();
  const std::int64_t now = options.now.value_or(std::chrono::system_clock::to_time_t(clock.wall()));
  dkim::KeyCache keys;
  const arc::Result result =
      chain.validate(message->headers, bodies, keys, **dns, now, Deadline(clock.now() + kPatience));
  if (result.dead) return print(result, {}, options.json);
  if (result.status == arc::Status::temperror) return say(kFailed, result.reason);
  const auto set = arc::seal({.key = *key,
                              .authserv_id = authserv_id->text(),
                              .authentication_results = options.authentication_results,
                              .chain = result.status,
                              .instance = result.instance + 1,
                              .unix_time = now,
                              .signed_fields = names_of(options.headers)},
                             message->headers, bodies.at(form));
  if (!set) return say(kFailed, set.error().message);
  return print(result, *set, options.json);
}

}  // namespace postern::cli
