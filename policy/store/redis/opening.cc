#include "policy/store/redis/opening.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

namespace postern::store::redis {

namespace {

constexpr std::size_t kMostAddresses = 4;  // local: of one name
constexpr std::size_t kReadBytes = 4096;

constexpr std::array<std::string_view, 13> kUnavailable{
    "LOADING",  "READONLY", "OOM",    "MISCONF",   "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS",
    "TRYAGAIN", "NOAUTH",   "NOPERM", "WRONGPASS", "BUSY",        "UNKILLABLE"};

std::vector<IpAddress> addresses_of(const std::string& host) {
  if (const auto address = IpAddress::parse(host)) return {*address};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  std::vector<IpAddress> addresses;
  for (const addrinfo* at = found; at != nullptr && addresses.size() < kMostAddresses; at = at->ai_next) {
    if (at->ai_family == AF_INET) {
      std::array<std::uint8_t, 4> bytes;
      std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(at->ai_addr)->sin_addr, bytes.size());
      addresses.push_back(IpAddress::v4(bytes));
    } else if (at->ai_family == AF_INET6) {
      std::array<std::uint8_t, 16> bytes;
      std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(at->ai_addr)->sin6_addr, bytes.size());
      addresses.push_back(IpAddress::v6(bytes));
    }
  }
  freeaddrinfo(found);
  return addresses;
}

/// One server while it is being greeted, in blocking steps.
class Greeting {
 public:
  Greeting(const Options& options, const TlsContext* tls, const Interrupt& interrupt)
      : options_(options), tls_(tls), interrupt_(interrupt) {}

  /// Empty, or why it is not connected.
  std::string connect(const Server& server) {
    postern::Connection made{nullptr, Io::failed, "its name has no address"};
    if (!server.path.empty()) {
      until_ = std::chrono::steady_clock::now() + options_.timeout;
      made = Stream::connect_unix(server.path, until_, &interrupt_);
    } else {
      for (const IpAddress& address : addresses_of(server.host)) {
        until_ = std::chrono::steady_clock::now() + options_.timeout;
        made = Stream::connect(address, server.port, until_, &interrupt_);
        if (made.stream) break;
      }
    }
    stream_ = std::move(made.stream);
    if (!stream_) return made.problem;
    if (tls_ != nullptr && server.path.empty() && stream_->start_tls(*tls_, server.host, until_) != Io::ok)
      return fmt::format("TLS: {}", stream_->problem());
    return {};
  }

  /// Empty, or why not.
  std::string log_in() {
    if (options_.password.empty()) return {};
    Command command("AUTH");
    if (!options_.user.empty()) command.arg(options_.user);
    return expect_text(command.arg(options_.password), "AUTH");
  }

  std::string choose_database() {
    if (options_.database != 0)
      if (std::string why = expect_text(Command("SELECT").arg(options_.database), "SELECT"); !why.empty()) return why;
    return expect_text(Command("PING"), "PING");  // a server that is loading knows its role, and nothing else
  }

  std::string check_role() {
    const Reply role = call(Command("ROLE"));
    if (!role.available()) return role.text;
    if (is_master(role)) return {};
    const std::string_view word = unavailability(role.text);
    return word.empty() ? "it is no master" : fmt::format("ROLE is answered with {}", word);
  }

  Reply call(const Command& command) {
    if (stream_->write(command.bytes(), until_) != Io::ok) return Reply::unavailable(stream_->problem());
    for (std::string bytes;;) {
      if (std::optional<Reply> reply = reader_.next()) return std::move(*reply);
      if (!reader_.problem().empty()) return Reply::unavailable(reader_.problem());
      if (stream_->read(bytes, kReadBytes, until_) != Io::ok) return Reply::unavailable(stream_->problem());
      reader_.feed(bytes);
    }
  }

  std::unique_ptr<Stream> take() { return std::move(stream_); }

 private:
  std::string expect_text(const Command& command, std::string_view name) {
    const Reply reply = call(command);
    if (!reply.available()) return reply.text;
    if (reply.type == Reply::Type::text) return {};
    const std::string_view word = unavailability(reply.text);
    return fmt::format("{} is answered with {}", name, word.empty() ? "an error" : word);
  }

  const Options& options_;
  const TlsContext* const tls_;
  const Interrupt& interrupt_;
  SteadyTime until_{};
  std::unique_ptr<Stream> stream_;
  ReplyReader reader_;
};

Opened open_one(const Server& server, const Options& options, const TlsContext* tls, const Interrupt& interrupt) {
  Greeting greeting(options, tls, interrupt);
  std::string why = greeting.connect(server);
  if (why.empty()) why = greeting.log_in();
  if (why.empty()) why = greeting.check_role();
  if (why.empty()) why = greeting.choose_database();
  if (!why.empty()) return {nullptr, text_of(server), fmt::format("{}: {}", text_of(server), why)};
  return {greeting.take(), text_of(server), {}};
}

/// Which master the Sentinel names; `why` not where it names none.
std::optional<Server> ask_sentinel(const Server& sentinel, const Options& options, const TlsContext* tls,
                                   const Interrupt& interrupt, std::string& why) {
  Greeting greeting(options, tls, interrupt);
  why = greeting.connect(sentinel);
  if (!why.empty()) return std::nullopt;
  static_cast<void>(greeting.log_in());  // a Sentinel may have no password where its masters have one
  const Reply reply = greeting.call(Command("SENTINEL").arg("get-master-addr-by-name").arg(options.sentinel));
  if (reply.type == Reply::Type::array && reply.elements.size() == 2) {
    const std::string& host = reply.elements[0].text;
    const std::string bracketed = host.find(':') != std::string::npos ? "[" + host + "]" : host;
    const auto master = parse_server(bracketed + ":" + reply.elements[1].text, {});
    if (master && master->path.empty()) return *master;
  }
  why = reply.available() ? "it names no master" : reply.text;
  return std::nullopt;
}

}  // namespace

Opened open_master(const Options& options, const TlsContext* tls, const Interrupt& interrupt) {
  Opened opened;
  std::string problems;
  for (const Server& server : options.servers) {
    if (interrupt.raised()) break;
    if (options.sentinel.empty()) {
      opened = open_one(server, options, tls, interrupt);
    } else {
      std::string why;
      const auto master = ask_sentinel(server, options, tls, interrupt, why);
      opened = master ? open_one(*master, options, tls, interrupt)
                      : Opened{nullptr, {}, fmt::format("sentinel {}: {}", text_of(server), why)};
    }
    if (opened.stream) return opened;
    problems += (problems.empty() ? "" : "; ") + opened.problem;
  }
  opened.problem = std::move(problems);
  return opened;
}

bool is_master(const Reply& role) {
  if (role.type == Reply::Type::error) return role.text.starts_with("NOPERM");
  return role.type == Reply::Type::array && !role.elements.empty() && role.elements[0].text == "master";
}

std::string_view unavailability(std::string_view error) {
  const auto begins = [&](std::string_view word) { return error.starts_with(word); };
  const auto* const found = std::find_if(kUnavailable.begin(), kUnavailable.end(), begins);
  if (found != kUnavailable.end()) return *found;
  if (!error.starts_with("ERR")) return {};
  // Redis 6 hides it behind "ERR Error running script (call to f_...): @user_script:1: ".
  if (error.find("Error running script") == std::string_view::npos) return {};
  const auto holds = [&](std::string_view word) { return error.find(word) != std::string_view::npos; };
  const auto* const hidden = std::find_if(kUnavailable.begin(), kUnavailable.end(), holds);
  return hidden != kUnavailable.end() ? *hidden : std::string_view();
}

}  // namespace postern::store::redis
