#include "config/daemon_sections.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "config/placed_texts.h"
#include "config/redis_settings.h"
#include "config/sections.h"
#include "policy/base/ip.h"
#include "policy/base/text.h"

namespace postern::config {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view kStorePath = "/var/lib/postern/store.db";
constexpr std::string_view kDefaultListen = "unix:/run/postern/postern.sock";

std::chrono::seconds seconds(std::chrono::milliseconds d) {
  return std::chrono::duration_cast<std::chrono::seconds>(d);
}

void set_address(const Node& value, Problems& problems, Listen& listen) {
  Result<Listen> parsed = parse_listen(value.text, value.where);
  if (!parsed) {
    problems.error(parsed.error().where, parsed.error().message);
    return;
  }
  parsed->mode = listen.mode;
  parsed->group = listen.group;
  listen = *std::move(parsed);
}

/// `192.0.2.53`, `192.0.2.53@5353`, `2001:db8::53`, `[2001:db8::53]@5353`.
std::optional<dns::Options::Server> parse_server(std::string_view text) {
  dns::Options::Server server;
  const std::size_t at = text.rfind('@');
  std::string_view host = text.substr(0, at);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::optional<IpAddress> address = IpAddress::parse(host);
  if (!address) return std::nullopt;
  server.address = address->text();
  if (at == std::string_view::npos) return server;
  const std::string_view port = text.substr(at + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
  if (error != std::errc() || end != port.data() + port.size() || server.port == 0) return std::nullopt;
  return server;
}

}  // namespace

void read_top(Settings& s, Policy& policy) {
  static constexpr std::array<std::string_view, 2> kModes{"enforce", "monitor"};
  static constexpr std::array<std::string_view, 2> kAnswerAt{"sender", "recipient"};
  s.number("version", 1, 1, 1, "version of the language");
  policy.mode = s.word("mode", "enforce", kModes,
                       "monitor: look, count and log, but never answer, edit or ask strangers") == "monitor"
                    ? Mode::monitor
                    : Mode::enforce;
  policy.answer_at =
      s.word("answer_at", "recipient", kAnswerAt, "the first step at which a refusal is spoken") == "sender"
          ? Stage::sender
          : Stage::recipient;
  const Node* split = s.node("split", "retry | whole", "by direction: inbound retry, else whole",
                             "recipients decided differently: have them sent apart, or refuse the whole message");
  if (split == nullptr || split->is_null()) return;
  if (split->text == "retry")
    policy.split = rules::Split::retry;
  else if (split->text == "whole")
    policy.split = rules::Split::whole;
  else if (split->text == "notice")
    s.problems().later(split->where, "split notice");
  else
    s.problems().error(split->where,
                       fmt::format("split has no value \"{}\" (retry, whole)", printable(split->text, 60)),
                       did_you_mean(split->text, std::array<std::string, 2>{"retry", "whole"}));
}

void read_listen(Settings& s, Configuration& c) {
  const Node* address = s.node("address", "unix:PATH | inet:PORT@ADDRESS | inet6:PORT@ADDRESS", kDefaultListen,
                               "where the MTA reaches Postern");
  c.listen.group = s.text("group", "", "group of a Unix socket, by name; empty: the daemon's own");
  const Node* mode = s.node("mode", "octal number", "0660", "permissions of a Unix socket");
  c.max_sessions = static_cast<std::size_t>(
      s.number("max_sessions", 2000, 1, 100'000, "connections served at once; more are answered 451 4.3.2"));
  c.max_callbacks = static_cast<std::size_t>(
      s.number("max_callbacks", 500, 1, 10'000, "steps at work at once; more are answered 451 4.3.2"));
  if (mode != nullptr && !mode->is_null()) {
    const char* last = mode->text.data() + mode->text.size();
    unsigned bits = 0;
    const auto [end, error] = std::from_chars(mode->text.data(), last, bits, 8);
    if (!mode->is_scalar() || error != std::errc() || end != last || bits > 0777)
      s.problems().error(mode->where, fmt::format("listen.mode: \"{}\" are no permissions", printable(mode->text, 20)),
                         "write an octal number like 0660");
    else
      c.listen.mode = bits;
  }
  if (address != nullptr && address->is_scalar())
    set_address(*address, s.problems(), c.listen);
  else if (address != nullptr)
    s.problems().error(address->where, fmt::format("listen.address wants one address, not {}", address->describe()));
}

void read_listen_section(const Node* node, Problems& problems, Configuration& c) {
  c.listen = *parse_listen(kDefaultListen, {});
  if (node != nullptr && node->is_scalar()) {
    set_address(*node, problems, c.listen);
  } else if (node != nullptr && node->is_list()) {
    problems.error(node->where, "listen wants one address, not a list", "a second listener is a second instance");
  } else {
    Settings s("listen", node, problems);
    read_listen(s, c);
    s.finish();
  }
}

// These hosts have an address wherever the Internet's DNS is asked, and no stranger had a say in them. The second zone is
// signed.
const char* const kAutoCanary[] = {"a.root-servers.net", "a.iana-servers.net"};

// `auto` asks nobody where a zone file is the whole world: names come from it, and no server was named.
void read_canary(Settings& s, dns::Options& o) {
  const Node* node =
      s.node("canary", "auto, off or list of host names", "auto",
             "hosts that have an IPv4 address for sure, asked for every minute to see whether the resolvers work");
  const bool automatic = node == nullptr || node->is_null() || (node->is_scalar() && node->text == "auto");
  bool on = true;
  if (automatic) {
    if (!o.zone_files.empty() && o.servers.empty()) return;
    for (const char* const name : kAutoCanary) o.canary.push_back(*Domain::parse(name));
    return;
  }
  if (node->is_scalar() && parse_flag(node->text, on) && !on) return;
  const std::vector<Node> one{*node};
  for (const Node& name : node->is_list() ? node->items : one) {
    const auto domain = name.is_scalar() ? Domain::parse(name.text) : std::nullopt;
    constexpr std::size_t kMostNames = 4;  // local: each is a question a minute
    if (!domain)
      s.problems().error(name.where, fmt::format("dns.canary: \"{}\" is no host name", printable(name.text, 60)),
                         "write auto, off, or hosts that have an address for sure: [ns.example.net]");
    else if (o.canary.size() == kMostNames)
      s.problems().error(name.where, fmt::format("dns.canary takes at most {} names", kMostNames));
    else
      o.canary.push_back(*domain);
  }
}

void read_dns(Settings& s, const std::string& folder, dns::Options& o) {
  for (const PlacedText& server :
       placed_texts(s, "servers", "list of ADDRESS or ADDRESS@PORT", "those of /etc/resolv.conf", "resolvers to ask")) {
    if (const auto parsed = parse_server(server.text))
      o.servers.push_back(*parsed);
    else
      s.problems().error(server.where, fmt::format("dns.servers: \"{}\" is no address", printable(server.text)),
                         "write 192.0.2.53, 192.0.2.53@5353 or [2001:db8::53]@5353");
  }
  o.trust_anchor = s.text("trust_anchor", "",
                          "file with the root's DNSSEC key (/usr/share/dns/root.key); empty: nothing is validated");
  if (!o.trust_anchor.empty()) o.trust_anchor = below(folder, o.trust_anchor);
  for (const PlacedText& file :
       placed_texts(s, "zone_files", "list of files", "none", "names that are answered from these files alone"))
    o.zone_files.push_back(below(folder, file.text));
  read_canary(s, o);
  o.timeout = s.duration("timeout", 5s, 100ms, 30s, "longest wait for one question");
  o.cache_entries =
      static_cast<std::size_t>(s.number("cache_entries", 100'000, 0, 10'000'000, "answers that are remembered"));
  o.least_negative_age =
      seconds(s.duration("least_negative_age", 60s, 0s, 1h, "\"there is none\" is remembered at least so long"));
  o.most_age = seconds(s.duration("most_age", 24h, 1min, 7 * 24h, "any answer is remembered at most so long"));
  o.failure_age = seconds(s.duration("failure_age", 5s, 0s, 1min, "a failure is remembered so long"));
  o.stale_age =
      seconds(s.duration("stale_age", 24h, 0s, 7 * 24h,
                         "the last good answer serves so long past its age while no new one comes; 0: never"));
  o.outstanding = static_cast<std::size_t>(
      s.number("outstanding", 2000, 1, 100'000, "questions under way at once; more fail at once"));
  o.zone_outstanding = static_cast<std::size_t>(
      s.number("zone_outstanding", 200, 1, 100'000, "the same for one target zone, as example.com"));
}

void read_store(Settings& s, const std::string& folder, Configuration& c) {
  store::Options& o = c.store;
  static constexpr std::array<std::string_view, 3> kTypes{"memory", "sqlite", "redis"};
  const std::string type =
      s.word("type", "", kTypes, "what keeps it; empty: a file where there is a path, else memory");
  const Node* path =
      s.node("path", "path", type == "sqlite" ? kStorePath : "",
             "file that counters and caches are kept in; without one they are gone when the daemon stops");
  if (path != nullptr && path->is_scalar()) o.path = path->text;
  if (o.path.empty() && type == "sqlite") o.path = kStorePath;
  if (!o.path.empty()) {
    o.path = below(folder, o.path);
    o.type = store::Options::Type::sqlite;
    if (const std::string why = store::objection(o.path); !why.empty() && o.path != kStorePath)
      s.problems().warning(s.where("path"), "store.path: " + why, "the daemon makes the file, not the folder");
  }
  if (o.type == store::Options::Type::sqlite && type == "memory")
    s.problems().error(path->where, "store: what is kept in memory has no path", "leave out one of both");
  o.most_entries = static_cast<std::size_t>(s.number("entries", static_cast<std::int64_t>(o.most_entries), 1000,
                                                     100'000'000, "entries of one kind; with more the oldest go"));
  constexpr std::int64_t kMegabyte = 1 << 20;
  o.most_bytes =
      static_cast<std::size_t>(kMegabyte * s.number("megabytes", static_cast<std::int64_t>(o.most_bytes) / kMegabyte, 1,
                                                    1 << 20, "of all entries together"));
  c.ledger_bytes = static_cast<std::size_t>(
      kMegabyte * s.number("limits_megabytes", static_cast<std::int64_t>(c.ledger_bytes) / kMegabyte, 1, 1 << 20,
                           "memory for what limits count; with more, new keys are counted together"));
  read_redis(s, folder, type == "redis", o.redis);
  if (type != "redis") return;
  o.type = store::Options::Type::redis;
  if (!o.path.empty()) s.problems().error(path->where, "store: what is kept in Redis has no path", "leave it out");
}

void read_admin(Settings& s, Configuration& c) {
  const Node* socket = s.node("socket", "path", "/run/postern/control.sock",
                              "Unix socket of `postern reload`, `status`, `limits` and `account`; empty: none");
  c.control_socket = "/run/postern/control.sock";
  if (socket != nullptr && socket->is_scalar()) {
    c.control_socket = socket->text;
    const Result<Listen> parsed = parse_listen("unix:" + c.control_socket, socket->where);
    if (!c.control_socket.empty() && !parsed)
      s.problems().error(socket->where, "admin.socket: " + parsed.error().message);
  } else if (socket != nullptr && !socket->is_null()) {
    s.problems().error(socket->where, fmt::format("admin.socket wants a path, not {}", socket->describe()));
  }
  c.evidence_threads =
      static_cast<std::size_t>(s.number("evidence_threads", 8, 0, 256, "threads that run checks ahead of time"));
  c.drain = seconds(s.duration("drain", 30s, 0s, 10min, "longest wait for open connections at a stop"));
  s.later("http");
}

void read_log(Settings& s, Configuration& c) {
  static constexpr std::array<std::string_view, 2> kForms{"logfmt", "json"};
  static constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
  c.log_form = s.word("form", "logfmt", kForms, "how an event is written") == "json" ? LogForm::json : LogForm::logfmt;
  const std::string level = s.word("level", "info", kLevels, "events below it are not written");
  c.log_level = level == "debug"     ? LogLevel::debug
                : level == "warning" ? LogLevel::warning
                : level == "error"   ? LogLevel::error
                                     : LogLevel::info;
}

}  // namespace postern::config
