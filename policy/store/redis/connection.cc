#include "policy/store/redis/connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "policy/base/text.h"

namespace postern::store::redis {

namespace {

constexpr int kMostRedirects = 5;  // local: as redis-cli and others do

/// What one link is to know: with `cluster` each has its own server.
Options of_one(Options options, const Server& server) {
  options.servers = {server};
  return options;
}

int slot_in(std::string_view answer) {
  const auto words = split(answer, ' ');
  int slot = -1;
  if (words.size() > 1) std::from_chars(words[1].data(), words[1].data() + words[1].size(), slot);
  return slot >= 0 && slot < kSlots ? slot : -1;
}

}  // namespace

std::size_t redirect_target(std::string_view answer, std::span<const Server> servers) {
  const std::size_t space = answer.rfind(' ');
  const std::size_t colon = answer.rfind(':');  // of an IPv6 address, too: "2001:db8::1:6379"
  if (space == std::string_view::npos || colon == std::string_view::npos || colon <= space) return servers.size();
  const std::string_view host = answer.substr(space + 1, colon - space - 1);
  const std::string_view port = answer.substr(colon + 1);
  const auto is_meant = [&](const Server& server) {
    return server.path.empty() && ascii_iequals(server.host, host) && std::to_string(server.port) == port;
  };
  return static_cast<std::size_t>(std::find_if(servers.begin(), servers.end(), is_meant) - servers.begin());
}

Result<std::shared_ptr<Connection>> Connection::make(const Options& options, Counters& counters) {
  if (std::string why = objection(options); !why.empty()) return Error{std::move(why), {}};
  std::shared_ptr<const TlsContext> tls;
  if (options.tls) {
    auto made = TlsContext::client({.verify = true, .ca_file = options.ca_file});
    if (!made) return made.error();
    tls = std::move(made).value();
  }
  return std::shared_ptr<Connection>(new Connection(options, std::move(tls), counters));
}

Connection::Connection(const Options& options, std::shared_ptr<const TlsContext> tls, Counters& counters)
    : options_(options), not_followed_(counters.get("redis.not_followed")) {
  const auto redirecting = [this](Entry entry, const std::string& answer) { redirect(std::move(entry), answer); };
  if (!options.cluster) {
    links_.push_back(std::make_unique<Link>(options_, tls, counters, nullptr));
    return;
  }
  links_.reserve(options.servers.size());  // a thread that runs already may redirect: it waits for the first entry
  for (const Server& server : options.servers)
    links_.push_back(std::make_unique<Link>(of_one(options_, server), tls, counters, redirecting));
}

Connection::~Connection() {
  auto done = std::make_shared<Asked>(links_.size());
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (!links_[i]->is_up()) {
      done->answer(i, {});
      continue;
    }
    std::vector<Entry> last;
    last.push_back({.command = Command("PING"), .asked = done, .index = i});  // answered after what was told
    links_[i]->submit(std::move(last));
  }
  done->wait(Deadline(std::chrono::steady_clock::now() + kLongestEnd));
  for (const auto& link : links_) link->stop();  // all, before one of them goes
}

Link& Connection::link_of(const Command& command) {
  if (links_.size() == 1) return *links_.front();
  if (const int slot = command.slot(); slot >= 0) {
    Link& link = *links_[slots_[static_cast<std::size_t>(slot)] % links_.size()];
    if (link.is_up()) return link;  // else another says where it is by now
  }
  for (const auto& link : links_) {
    if (link->is_up()) return *link;
  }
  return *links_.front();
}

void Connection::submit(std::span<const Command> commands, const std::shared_ptr<Asked>& asked) {
  std::vector<Entry> batch;
  batch.reserve(commands.size());
  Link* to = nullptr;
  const SteadyTime now = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    Link& link = link_of(commands[i]);
    if (to != nullptr && to != &link) {
      to->submit(std::move(batch));
      batch.clear();
    }
    to = &link;
    batch.push_back({.command = commands[i], .asked = asked, .index = i, .handed = now});
  }
  if (to != nullptr) to->submit(std::move(batch));
}

std::vector<Reply> Connection::ask(std::span<const Command> commands, const Deadline& deadline) {
  return await(*begin(commands), deadline);
}

std::shared_ptr<Asked> Connection::begin(std::span<const Command> commands) {
  auto asked = std::make_shared<Asked>(commands.size());
  submit(commands, asked);
  return asked;
}

std::vector<Reply> Connection::await(Asked& asked, const Deadline& deadline) {
  std::vector<Reply> replies = asked.wait(deadline.no_later_than(std::chrono::steady_clock::now() + options_.timeout));
  for (Reply& reply : replies) {
    if (!reply.available() && reply.text.empty()) reply = Reply::unavailable("no answer in time", true);
  }
  return replies;
}

void Connection::tell(std::span<const Command> commands) { submit(commands, nullptr); }

void Connection::redirect(Entry entry, const std::string& answer) {
  const std::size_t target = redirect_target(answer, options_.servers);
  if (target == options_.servers.size() || ++entry.tries > kMostRedirects) {
    not_followed_.add();
    entry.answer(Reply::unavailable("moved to a server that is not configured"));
    return;
  }
  std::vector<Entry> entries;
  if (answer.starts_with("ASK ")) {
    entries.push_back({.kind = Entry::Kind::redirect, .command = Command("ASKING")});
  } else if (const int slot = slot_in(answer); slot >= 0) {
    slots_[static_cast<std::size_t>(slot)] = static_cast<std::uint8_t>(target);
  }
  entries.push_back(std::move(entry));
  links_[target]->submit(std::move(entries));
}

Health Connection::health() const {
  if (links_.size() == 1) return links_.front()->health();
  Health all;
  for (const auto& link : links_) {
    Health of = link->health();
    if (!of.connected && !of.problem.empty() && all.problem.empty()) all.problem = std::move(of.problem);
    if (!of.connected || all.connected) continue;
    all.connected = true;
    all.server = std::move(of.server);
    all.latency = of.latency;
  }
  return all;
}

bool Connection::is_up() const {
  return std::any_of(links_.begin(), links_.end(), [](const auto& link) { return link->is_up(); });
}

std::uint64_t Connection::generation() const {
  std::uint64_t sum = 0;
  for (const auto& link : links_) sum += link->generation();
  return sum;
}

}  // namespace postern::store::redis
