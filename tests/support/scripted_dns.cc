#include "tests/support/scripted_dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "policy/base/text.h"
#include "policy/dns/name_text.h"
#include "policy/dns/zone.h"

namespace postern::test {

namespace {

using namespace std::chrono_literals;
using dns::Zone;
using dns::ZoneFault;

enum class Manner { plain, refused, truncate, wrong_id, wrong_question, garbage, drop, tail };

struct Script {
  Zone zone;
  std::map<std::string, std::chrono::milliseconds> delays;
  std::map<std::string, Manner> manners;

  explicit Script(std::string_view text) {
    if (const auto error = zone.add("script", text)) throw std::runtime_error("script:" + std::to_string(error->where.line) + ": " + error->message);
    for (std::string_view line : split(text, '\n')) {
      line = trim(line);
      if (!line.starts_with(';')) continue;
      std::vector<std::string_view> words;
      for (const std::string_view word : split(line.substr(1), ' ')) {
        if (!trim(word).empty()) words.push_back(trim(word));
      }
      if (words.size() < 3 || (words[0] != "DELAY" && words[0] != "SERVER")) continue;
      std::string name = ascii_lower(words[1]);
      if (name.size() > 1 && name.back() == '.') name.pop_back();
      if (words[0] == "DELAY") {
        int ms = 0;
        std::from_chars(words[2].data(), words[2].data() + words[2].size(), ms);
        delays[name] = std::chrono::milliseconds(ms);
      } else {
        manners[name] = manner(words[2]);
      }
    }
  }

  static Manner manner(std::string_view word) {
    constexpr std::pair<std::string_view, Manner> kManners[] = {
        {"REFUSED", Manner::refused}, {"TRUNCATE", Manner::truncate}, {"WRONG_ID", Manner::wrong_id}, {"WRONG_QUESTION", Manner::wrong_question},
        {"GARBAGE", Manner::garbage}, {"DROP", Manner::drop},         {"TAIL", Manner::tail}};
    for (const auto& [name, value] : kManners) {
      if (name == word) return value;
    }
    throw std::runtime_error("script: no manner " + std::string(word));
  }

  // The entry of `name`, of the nearest `*.above`, or of `*`.
  template <class T>
  static T of(const std::map<std::string, T>& map, std::string_view name, T otherwise) {
    if (const auto exact = map.find(std::string(name)); exact != map.end()) return exact->second;
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
      if (const auto above = map.find("*" + std::string(name.substr(dot))); above != map.end()) return above->second;
    }
    const auto all = map.find("*");
    return all == map.end() ? otherwise : all->second;
  }
};

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}
unsigned get16(std::string_view in, std::size_t at) { return static_cast<unsigned char>(in[at]) << 8u | static_cast<unsigned char>(in[at + 1]); }

std::string rdata(const dns::ZoneRecord& record) {
  std::string out;
  if (record.address) {
    const auto& bytes = record.address->bytes();
    if (record.type == 28 && record.address->is_v4()) out = std::string(10, '\0') + "\xff\xff";
    out.append(reinterpret_cast<const char*>(bytes.data()), record.address->is_v4() ? 4 : 16);
  }
  if (record.type == 15) put16(out, record.preference);
  if (record.type == 15 || record.type == 5 || record.type == 12) out += dns::to_wire(record.host).value_or(std::string(1, '\0'));
  for (std::string_view text : record.strings) {
    do {
      const std::string_view piece = text.substr(0, 255);
      out += static_cast<char>(piece.size());
      out += piece;
      text.remove_prefix(piece.size());
    } while (!text.empty());
  }
  return out;
}

struct Query {
  std::string name;
  unsigned type = 0;
  std::size_t end = 0;  // of the question
  bool edns = false;
};

std::optional<Query> parse(std::string_view message) {
  if (message.size() < 17 || get16(message, 4) != 1) return std::nullopt;
  Query query;
  std::size_t at = 12;
  while (at < message.size() && message[at] != 0) {
    const auto length = static_cast<unsigned char>(message[at]);
    if (length > 63 || at + length + 1 >= message.size()) return std::nullopt;
    dns::append_label(query.name, message.substr(at + 1, length));
    at += length + 1u;
  }
  if (at + 5 > message.size()) return std::nullopt;
  query.type = get16(message, at + 1);
  query.end = at + 5;
  query.edns = get16(message, 10) > 0;
  return query;
}

std::string respond(const Script& script, std::string_view message, const Query& query, Manner manner, bool tcp) {
  constexpr unsigned kNoError = 0, kServfail = 2, kNxdomain = 3, kRefused = 5;
  unsigned rcode = manner == Manner::refused ? kRefused : kNoError;
  std::string answers;
  unsigned count = 0;
  const auto add = [&](std::string_view owner, const dns::ZoneRecord& record) {
    answers += dns::to_wire(owner).value_or(std::string(1, '\0'));
    put16(answers, record.type);
    put16(answers, 1);
    put32(answers, record.ttl);
    std::string data = rdata(record);
    if (manner == Manner::tail && !data.empty()) data = data.substr(0, data.size() / 2);
    put16(answers, static_cast<unsigned>(data.size()));
    answers += data;
    ++count;
  };
  std::string name = query.name;
  const auto type = static_cast<dns::Type>(query.type);
  for (int step = 0; step < 16 && rcode == kNoError; ++step) {
    const Zone::Found at = script.zone.find(name, type);
    if (at.fault) rcode = *at.fault == ZoneFault::nxdomain ? kNxdomain : kServfail;
    else if (at.status == dns::Status::nxdomain) rcode = kNxdomain;
    if (rcode != kNoError) break;
    for (const dns::ZoneRecord* record : at.records) {
      if (!rdata(*record).empty()) add(name, *record);
    }
    if (at.cname == nullptr) break;
    add(name, *at.cname);
    name = at.cname->host;
  }
  const bool negative = rcode == kNxdomain || (rcode == kNoError && count == 0);
  const std::size_t room = query.edns ? 1232 : 512;
  const bool cut = !tcp && (manner == Manner::truncate || 12 + query.end + answers.size() + 64 > room);
  std::string out(message.substr(0, 2));
  if (manner == Manner::wrong_id) out[0] = static_cast<char>(out[0] ^ 0x55);
  put16(out, 0x8480u | (get16(message, 2) & 0x0100u) | (cut ? 0x0200u : 0u) | rcode);
  put16(out, 1);
  put16(out, cut ? 0 : count);
  put16(out, !cut && negative ? 1 : 0);
  put16(out, query.edns ? 1 : 0);
  std::string question(message.substr(12, query.end - 12));
  if (manner == Manner::wrong_question && question.size() > 6) question[1] = question[1] == 'x' ? 'y' : 'x';
  out += question;
  if (!cut) out += answers;
  if (!cut && negative) {  // RFC 2308 3: the SOA tells how long
    out += '\0';
    put16(out, 6);
    put16(out, 1);
    put32(out, 60);
    put16(out, 22);
    out += std::string(2, '\0');
    for (const std::uint32_t value : {1u, 3600u, 600u, 86400u, 60u}) put32(out, value);
  }
  if (query.edns) {  // RFC 6891 6.1.2
    out += '\0';
    put16(out, 41);
    put16(out, 1232);
    put32(out, 0);
    put16(out, 0);
  }
  return out;
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t bound_port(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

bool bind_to(int fd, std::uint16_t port) {
  const sockaddr_in address = loopback(port);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

struct ScriptedDns::State {
  struct Pending {
    std::string bytes;
    sockaddr_in to{};
    std::uint64_t connection = 0;  // 0: UDP
  };
  struct Connection {
    Descriptor fd;
    std::string input;
  };

  State(std::string_view text, std::uint16_t wanted) : script(std::make_shared<const Script>(text)) {
    for (int attempt = 0; attempt < 50; ++attempt) {  // a port that is free for both
      udp = Descriptor(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      tcp = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int on = 1;
      setsockopt(tcp.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      const int buffer = 1 << 20;
      setsockopt(udp.get(), SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
      if (bind_to(udp.get(), wanted) && bind_to(tcp.get(), bound_port(udp.get())) && listen(tcp.get(), 64) == 0) break;
      if (wanted != 0 || attempt == 49) throw std::runtime_error("no port for the name server");
    }
    stop = Descriptor(eventfd(0, EFD_CLOEXEC));
    server = std::thread([this] { run(); });
  }

  ~State() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop.get(), &one, sizeof one);
    server.join();
  }

  void run() {
    for (;;) {
      std::vector<pollfd> watched{{stop.get(), POLLIN, 0}, {udp.get(), POLLIN, 0}, {tcp.get(), POLLIN, 0}};
      std::vector<std::uint64_t> ids;
      for (const auto& [id, connection] : connections) {
        watched.push_back({connection.fd.get(), POLLIN, 0});
        ids.push_back(id);
      }
      int wait = -1;
      if (!pending.empty()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(pending.begin()->first - std::chrono::steady_clock::now());
        wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
      }
      poll(watched.data(), watched.size(), wait);
      if (watched[0].revents != 0) return;
      if (watched[1].revents != 0) read_udp();
      if (watched[2].revents != 0) {
        Descriptor accepted(accept4(tcp.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (accepted.get() >= 0) connections.emplace(++last_connection, Connection{std::move(accepted), {}});
      }
      for (std::size_t i = 0; i < ids.size(); ++i) {
        if (watched[i + 3].revents != 0) read_tcp(ids[i]);
      }
      const auto now = std::chrono::steady_clock::now();
      while (!pending.empty() && pending.begin()->first <= now) {
        send_now(pending.begin()->second);
        pending.erase(pending.begin());
      }
    }
  }

  void read_udp() {
    std::array<char, 4096> buffer{};
    for (;;) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t n = recvfrom(udp.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return;
      take({buffer.data(), static_cast<std::size_t>(n)}, Pending{{}, from, 0});
    }
  }

  void read_tcp(std::uint64_t id) {
    Connection& connection = connections.at(id);
    std::array<char, 4096> buffer{};
    const ssize_t n = recv(connection.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n <= 0) {
      connections.erase(id);
      return;
    }
    connection.input.append(buffer.data(), static_cast<std::size_t>(n));
    while (connection.input.size() >= 2 && connection.input.size() >= 2 + get16(connection.input, 0)) {
      const std::string message = connection.input.substr(2, get16(connection.input, 0));
      connection.input.erase(0, message.size() + 2);
      ++over_tcp;
      take(message, Pending{{}, {}, id});
    }
  }

  void take(std::string_view message, Pending reply) {
    const auto query = parse(message);
    if (!query) return;
    std::shared_ptr<const Script> now;
    {
      const std::lock_guard lock(mutex);
      ++names[query->name];
      ++all;
      now = script;
      if (silent) return;
    }
    const Manner manner = Script::of(now->manners, query->name, Manner::plain);
    const auto fault = now->zone.find(query->name, static_cast<dns::Type>(query->type)).fault;
    if (manner == Manner::drop || fault == ZoneFault::timeout) return;
    reply.bytes = respond(*now, message, *query, manner, reply.connection != 0);
    if (manner == Manner::garbage) reply.bytes = std::string(message.substr(0, 2)) + "\x81\x80\xff\xff\xff\xff garbage";
    if (reply.connection != 0) {
      std::string framed;
      put16(framed, static_cast<unsigned>(reply.bytes.size()));
      reply.bytes = framed + reply.bytes;
    }
    const auto delay = Script::of(now->delays, query->name, std::chrono::milliseconds(0));
    if (delay == 0ms) send_now(reply);
    else pending.emplace(std::chrono::steady_clock::now() + delay, std::move(reply));
  }

  void send_now(const Pending& reply) {
    if (reply.connection == 0) {
      sendto(udp.get(), reply.bytes.data(), reply.bytes.size(), 0, reinterpret_cast<const sockaddr*>(&reply.to), sizeof reply.to);
      return;
    }
    const auto found = connections.find(reply.connection);
    if (found != connections.end()) send(found->second.fd.get(), reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
  }

  mutable std::mutex mutex;
  std::shared_ptr<const Script> script;
  std::map<std::string, std::size_t, std::less<>> names;
  std::size_t all = 0;
  bool silent = false;
  std::atomic<std::size_t> over_tcp{0};

  Descriptor udp, tcp, stop;
  std::map<std::uint64_t, Connection> connections;  // the server thread's alone, as is what follows
  std::uint64_t last_connection = 0;
  std::multimap<std::chrono::steady_clock::time_point, Pending> pending;
  std::thread server;
};

ScriptedDns::ScriptedDns(std::string_view script, std::uint16_t port) : state_(std::make_unique<State>(script, port)) {}
ScriptedDns::~ScriptedDns() = default;

std::uint16_t ScriptedDns::port() const { return bound_port(state_->udp.get()); }

void ScriptedDns::change(std::string_view script) {
  auto next = std::make_shared<const Script>(script);
  const std::lock_guard lock(state_->mutex);
  state_->script = std::move(next);
}

void ScriptedDns::silence(bool on) {
  const std::lock_guard lock(state_->mutex);
  state_->silent = on;
}

std::size_t ScriptedDns::asked(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->names.find(name);
  return found == state_->names.end() ? 0 : found->second;
}

std::size_t ScriptedDns::asked() const {
  const std::lock_guard lock(state_->mutex);
  return state_->all;
}

std::size_t ScriptedDns::asked_over_tcp() const { return state_->over_tcp; }

}  // namespace postern::test
