#include "milter/admin/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "milter/json.h"
#include "policy/base/text.h"

namespace postern {

namespace {

std::int64_t unix_seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string readable(std::int64_t unix_time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(static_cast<std::time_t>(unix_time)));
}

Json report(const Reloader::Report& r) {
  return {{"ok", r.ok},
          {"at", unix_seconds(r.at)},
          {"generation", r.generation},
          {"problems", problems_json(r.problems)},
          {"needs_restart", r.needs_restart}};
}

// "dns.cache.hits" becomes caches.dns.hits.
Json caches(const std::map<std::string, std::int64_t>& counters) {
  Json caches = Json::object();
  for (const auto& [name, value] : counters) {
    const std::size_t middle = name.find(".cache.");
    if (middle != std::string::npos) caches[name.substr(0, middle)][name.substr(middle + 7)] = value;
  }
  return caches;
}

std::int64_t counted(const std::map<std::string, std::int64_t>& counters, const std::string& name) {
  const auto found = counters.find(name);
  return found == counters.end() ? 0 : found->second;
}

std::string_view breaker_word(const dns::Health& dns) { return dns.breaker_open ? "open" : "closed"; }

Json dns_json(const Status& s) {
  return {{"canary", dns::name(s.dns.canary)},
          {"reason", s.dns.reason.empty() ? Json(nullptr) : Json(s.dns.reason)},
          {"breaker", breaker_word(s.dns)},
          {"dnssec", dns::name(s.dns.dnssec)},
          {"remembered", s.dns.remembered},
          {"under_way", counted(s.counters, "dns.outstanding")},
          {"stale_served", counted(s.counters, "dns.stale")}};
}

std::string dns_line(const Json& dns) {
  const auto word = [&](const char* key) { return dns.at(key).get<std::string>(); };
  const std::string reason =
      dns.at("reason").is_null() ? std::string() : fmt::format(" ({})", printable(word("reason")));
  return fmt::format("dns: canary {}{}, breaker {}, dnssec {}, {} answers remembered, {} served stale\n",
                     word("canary"), reason, word("breaker"), word("dnssec"), dns.at("remembered").get<std::int64_t>(),
                     dns.at("stale_served").get<std::int64_t>());
}

Json store_json(const store::Health& store) {
  return {{"durable", store.durable},
          {"problem", store.problem.empty() ? Json(nullptr) : Json(store.problem)},
          {"entries", store.entries},
          {"waiting", store.waiting}};
}

std::string store_line(const Json& store) {
  const std::string problem = store.at("problem").is_null()
                                  ? std::string()
                                  : fmt::format(" ({})", printable(store.at("problem").get<std::string>()));
  return fmt::format("store: {}{}, {} entries, {} not written yet\n",
                     store.at("durable").get<bool>() ? "on disk" : "in memory", problem,
                     store.at("entries").get<std::int64_t>(), store.at("waiting").get<std::int64_t>());
}

Json directories_json(const std::vector<Reloader::DirectoryState>& directories) {
  Json all = Json::array();
  for (const auto& [name, trouble] : directories)
    all.push_back({{"name", name}, {"trouble", trouble.empty() ? Json(nullptr) : Json(trouble)}});
  return all;
}

std::string directory_lines(const Json& directories) {
  std::string out;
  for (const Json& directory : directories) {
    const Json& trouble = directory.at("trouble");
    out += fmt::format("directory {}: {}\n", directory.at("name").get<std::string>(),
                       trouble.is_null() ? "ok" : "CAN NOT BE ASKED: " + printable(trouble.get<std::string>()));
  }
  return out;
}

Json breakers_json(const Status& s) {
  Json all = Json::array({{{"name", "dns"}, {"state", breaker_word(s.dns)}}});
  for (const auto& [name, trouble] : s.directories)
    all.push_back({{"name", "accounts." + name}, {"state", trouble.empty() ? "closed" : "open"}});
  return all;
}

Json parsed(const std::string& json) { return Json::parse(json, nullptr, false); }

std::string report_lines(const Json& r) {
  std::string out;
  for (const Json& problem : r.at("problems")) {
    const Problem p{Problem::Kind::error,
                    problem.at("message"),
                    {problem.at("file"), problem.at("line"), problem.at("column")},
                    problem.at("hint")};
    out += p.line() + "\n";
  }
  for (const Json& part : r.at("needs_restart"))
    out += fmt::format("{}: changed, in force after a restart\n", part.get<std::string>());
  return out;
}

}  // namespace

std::string status_json(const Status& s, WallTime now) {
  const Json json{{"version", s.version},
                  {"pid", s.pid},
                  {"started", unix_seconds(s.started)},
                  {"uptime_seconds", unix_seconds(now) - unix_seconds(s.started)},
                  {"generation", s.generation},
                  {"mode", s.mode},
                  {"policy_since", unix_seconds(s.policy_since)},
                  {"sessions", s.sessions},
                  {"draining", s.draining},
                  {"served", s.served},
                  {"caches", caches(s.counters)},
                  {"dns", dns_json(s)},
                  {"store", store_json(s.store)},
                  {"directories", directories_json(s.directories)},
                  {"breakers", breakers_json(s)},
                  {"counters", s.counters},
                  {"last_reload", report(s.last_reload)}};
  return json_line(json);
}

std::string reload_json(const Reloader::Report& r) { return json_line(report(r)); }

std::string status_text(const std::string& json) {
  const Json s = parsed(json);
  if (!s.is_object() || !s.contains("generation")) return json + "\n";
  std::string out = fmt::format("postern {}, pid {}, up since {}\n", s.at("version").get<std::string>(),
                                s.at("pid").get<std::int64_t>(), readable(s.at("started")));
  out += fmt::format("policy: generation {}, {}, since {}\n", s.at("generation").get<std::int64_t>(),
                     s.at("mode").get<std::string>(), readable(s.at("policy_since")));
  out += fmt::format("sessions: {}{}{}\n", s.at("sessions").get<std::int64_t>(),
                     s.at("draining").get<bool>() ? ", draining" : "",
                     s.at("served").get<bool>() ? "" : ", libmilter DOES NOT ANSWER");
  out += dns_line(s.at("dns"));
  out += store_line(s.at("store"));
  out += directory_lines(s.at("directories"));
  const Json& r = s.at("last_reload");
  out += fmt::format("last load: {} at {}\n",
                     r.at("ok").get<bool>() ? "ok" : "REFUSED, the policy before it is in force", readable(r.at("at")));
  out += report_lines(r);
  for (const auto& [name, value] : s.at("counters").items())
    out += fmt::format("  {:<32} {}\n", name, value.get<std::int64_t>());
  return out;
}

std::string reload_text(const std::string& json) {
  const Json r = parsed(json);
  if (!r.is_object() || !r.contains("generation")) return json + "\n";
  return report_lines(r) +
         (r.at("ok").get<bool>()
              ? fmt::format("reloaded: generation {} is in force\n", r.at("generation").get<std::int64_t>())
              : fmt::format("refused: generation {} stays in force\n", r.at("generation").get<std::int64_t>()));
}

bool reload_succeeded(const std::string& json) {
  const Json r = parsed(json);
  return r.is_object() && r.value("ok", false);
}

}  // namespace postern
