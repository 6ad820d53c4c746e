#include "config/redis_settings.h"

#include <fmt/format.h>

#include <span>

#include "config/placed_texts.h"
#include "config/read_file.h"
#include "config/sections.h"
#include "policy/accounts/secret_file.h"
#include "policy/base/text.h"

namespace postern::config {

using namespace std::chrono_literals;
namespace redis = store::redis;

void read_redis(Settings& s, const std::string& folder, bool wanted, redis::Options& o) {
  Problems& problems = s.problems();
  const std::size_t asked_before = s.asked().size();
  const std::vector<PlacedText> servers = placed_texts(s, "servers", "list of HOST:PORT or unix:PATH", "none",
                                                       "of redis: where it is; the first that is a master is used");
  for (const PlacedText& text : servers) {
    const Result<redis::Server> server = redis::parse_server(text.text, text.where);
    if (server)
      o.servers.push_back(*server);
    else
      problems.error(server.error().where, server.error().message);
  }
  o.user = s.text("user", "", "of redis: name in its ACL; empty: the default user");
  const Node* password =
      s.node("password_file", "path", "none", "of redis: file with the password, readable for nobody else");
  if (password != nullptr && password->is_scalar()) {
    const Result<std::string> secret = accounts::read_secret(below(folder, password->text));
    if (secret)
      o.password = *secret;
    else
      problems.error(password->where, "store.password_file: " + secret.error().message);
  } else if (password != nullptr && !password->is_null()) {
    problems.error(password->where, fmt::format("store.password_file wants a path, not {}", password->describe()));
  }
  o.database = static_cast<int>(s.number("database", 0, 0, 1'000'000, "of redis: number of the database"));
  o.tls = s.flag("tls", false, "of redis: speak TLS, and verify whose server it is");
  o.ca_file = s.text("ca_file", "", "of redis: roots to verify it with, as PEM; empty: those of the system");
  if (!o.ca_file.empty()) o.ca_file = below(folder, o.ca_file);
  o.sentinel = s.text("sentinel", "", "of redis: name of the master; the servers are its Sentinels then");
  o.cluster = s.flag("cluster", false, "of redis: the servers are the masters of a Cluster");
  o.timeout = s.duration("timeout", 200ms, 10ms, 5s, "of redis: longest wait for an answer");
  o.prefix = s.text("prefix", "postern:", "of redis: what all keys begin with; who has the same counts together");
  o.nodes = static_cast<int>(
      s.number("nodes", 1, 1, 1000, "of redis: how many machines share it; without it each allows its share"));
  if (!wanted) {
    // Two machines that do not share would each allow all.
    for (const Settings::Asked& asked : std::span(s.asked()).subspan(asked_before)) {
      if (const Place where = s.where(asked.key); where != Place{})
        problems.error(where, fmt::format("store.{} is of redis alone", asked.key),
                       "write type: redis, or leave it out");
    }
    return;
  }
  if (!o.ca_file.empty()) {
    std::string why;
    if (!read_file(o.ca_file, why))
      problems.warning(s.where("ca_file"), fmt::format("store.ca_file {}: {}", o.ca_file, why));
  }
  if (servers.empty())
    problems.error(s.where(), "store: redis needs servers", "servers: [10.0.0.5:6379]");
  else if (const std::string why = redis::objection(o); !why.empty() && o.servers.size() == servers.size())
    problems.error(servers.front().where, "store: " + why);
}

}  // namespace postern::config
