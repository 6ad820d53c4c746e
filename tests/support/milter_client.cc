#include "tests/support/milter_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>

namespace postern::test {

namespace {

// The steps that a milter can do without, and those that it can leave unanswered (libmilter/mfdef.h).
constexpr std::uint32_t kNoConnect = 0x1, kNoHelo = 0x2, kNoMail = 0x4, kNoRcpt = 0x8, kNoBody = 0x10,
                        kNoHeaders = 0x20, kNoEoh = 0x40;
constexpr std::uint32_t kNoReplyHeader = 0x80, kNoData = 0x200, kNoReplyConnect = 0x1000, kNoReplyHelo = 0x2000,
                        kNoReplyMail = 0x4000;
constexpr std::uint32_t kNoReplyRcpt = 0x8000, kNoReplyData = 0x10000, kNoReplyEoh = 0x40000, kNoReplyBody = 0x80000;
constexpr std::uint32_t kMaxPacket = 16U << 20U;

std::string number(std::uint32_t value) {
  const std::uint32_t network = htonl(value);
  return {reinterpret_cast<const char*>(&network), sizeof network};
}

std::uint32_t number_at(const std::string& data, std::size_t at) {
  std::uint32_t network = 0;
  if (at + sizeof network <= data.size()) std::memcpy(&network, data.data() + at, sizeof network);
  return ntohl(network);
}

std::string zero_ended(const std::string& text) { return text + '\0'; }

// `name\0value\0` as `name:value`.
std::string field(const std::string& data) {
  const std::size_t end = data.find('\0');
  if (end == std::string::npos) return data;
  return data.substr(0, end) + ":" + std::string(data.c_str() + end + 1);
}

int open_socket(const std::string& address) {
  if (address.starts_with("inet:")) {
    const std::size_t at = address.find('@');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(5, at - 5))));
    inet_pton(AF_INET, address.substr(at + 1).c_str(), &to.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
    close(fd);
  } else {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, address.c_str(), sizeof to.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
    close(fd);
  }
  throw std::runtime_error("nobody listens at " + address + ": " + std::strerror(errno));
}

}  // namespace

MilterClient::MilterClient(const std::string& address, std::chrono::milliseconds patience)
    : fd_(open_socket(address)), patience_(patience) {}

MilterClient::~MilterClient() { hang_up(); }

MilterClient::MilterClient(MilterClient&& other) noexcept
    : fd_(other.fd_),
      patience_(other.patience_),
      agreed_(std::move(other.agreed_)),
      timed_out_(other.timed_out_),
      end_(std::move(other.end_)) {
  other.fd_ = -1;
}

MilterClient::Agreed MilterClient::negotiate() { return negotiate(Offer{}); }

MilterClient::Agreed MilterClient::negotiate(Offer offer) {
  packet('O', number(offer.version) + number(offer.actions) + number(offer.steps));
  char command = 0;
  std::string data;
  if (!read_packet(command, data) || command != 'O' || data.size() < 12) return agreed_;
  agreed_ = {.answered = true,
             .version = number_at(data, 0),
             .actions = number_at(data, 4),
             .steps = number_at(data, 8),
             .macros = {}};
  for (std::size_t at = 12; at + 4 < data.size();) {
    const std::string list = data.c_str() + at + 4;
    agreed_.macros[static_cast<int>(number_at(data, at))] = list;
    at += 4 + list.size() + 1;
  }
  return agreed_;
}

std::string MilterClient::connect() { return connect(Client{}); }

std::string MilterClient::connect(const Client& client) {
  macros('C', client.macros);
  std::string data = zero_ended(client.name) + client.family;
  if (client.family != 'U') {
    const std::uint16_t port = htons(client.port);
    data.append(reinterpret_cast<const char*>(&port), sizeof port);
    data += zero_ended(client.ip);
  }
  return ask('C', data, kNoReplyConnect, kNoConnect);
}

std::string MilterClient::helo(const std::string& name) {
  macros('H', {});
  return ask('H', zero_ended(name), kNoReplyHelo, kNoHelo);
}

std::string MilterClient::mail(const std::string& path, const Macros& with, const std::vector<std::string>& arguments) {
  macros('M', with);
  std::string data = zero_ended(path);
  for (const std::string& argument : arguments) data += zero_ended(argument);
  return ask('M', data, kNoReplyMail, kNoMail);
}

std::string MilterClient::rcpt(const std::string& path, const Macros& with) {
  macros('R', with);
  return ask('R', zero_ended(path), kNoReplyRcpt, kNoRcpt);
}

std::string MilterClient::data() { return ask('T', {}, kNoReplyData, kNoData); }

std::string MilterClient::header(const std::string& name, const std::string& value) {
  return ask('L', zero_ended(name) + zero_ended(value), kNoReplyHeader, kNoHeaders);
}

std::string MilterClient::end_of_headers() { return ask('N', {}, kNoReplyEoh, kNoEoh); }

std::string MilterClient::body(const std::string& chunk) { return ask('B', chunk, kNoReplyBody, kNoBody); }

MilterClient::End MilterClient::end_of_message(const std::string& queue_id) {
  end_ = {};
  macros('E', {{"i", queue_id}});
  packet('E', {});
  end_.verdict = answer();
  return end_;
}

void MilterClient::abort() { packet('A', {}); }

void MilterClient::quit() {
  packet('Q', {});
  hang_up();
}

void MilterClient::hang_up() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void MilterClient::greet() {
  negotiate();
  connect();
  helo();
}

std::string MilterClient::message(const std::string& sender, const std::string& recipient) {
  const std::function<std::string()> steps[] = {[&] { return mail(sender); },
                                                [&] { return rcpt(recipient); },
                                                [&] { return data(); },
                                                [&] { return header("From", " <a@b.example>"); },
                                                [&] { return header("Subject", " hello"); },
                                                [&] { return end_of_headers(); },
                                                [&] { return body("hello\r\n"); }};
  for (const auto& step : steps) {
    const std::string answer = step();
    if (answer != "continue" && answer != "none" && answer != "skip") return answer;
  }
  return end_of_message().verdict;
}

void MilterClient::raw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void MilterClient::packet(char command, std::string_view data) {
  raw(number(static_cast<std::uint32_t>(data.size() + 1)) + command + std::string(data));
}

bool MilterClient::readable(std::chrono::milliseconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (auto left = patience;;) {
    pollfd ready{fd_, POLLIN, 0};
    const int found = poll(&ready, 1, static_cast<int>(left.count()));
    if (found >= 0 || errno != EINTR) return found > 0;
    left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    left = std::max(left, std::chrono::milliseconds(0));
  }
}

bool MilterClient::read_packet(char& command, std::string& data) {
  const auto until = std::chrono::steady_clock::now() + patience_;
  timed_out_ = false;
  std::string bytes;
  std::size_t wanted = 4;
  while (bytes.size() < wanted) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !readable(left)) {
      timed_out_ = true;
      return false;
    }
    char buffer[4096];
    const ssize_t count = recv(fd_, buffer, std::min(sizeof buffer, wanted - bytes.size()), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.append(buffer, static_cast<std::size_t>(count));
    if (bytes.size() == 4 && wanted == 4) {
      const std::uint32_t size = number_at(bytes, 0);
      if (size == 0 || size > kMaxPacket) return false;
      wanted += size;
    }
  }
  command = bytes[4];
  data = bytes.substr(5);
  return true;
}

std::string MilterClient::ask(char command, std::string_view data, std::uint32_t no_reply, std::uint32_t not_sent) {
  if ((agreed_.steps & not_sent) != 0) return "none";
  packet(command, data);
  if ((agreed_.steps & no_reply) != 0) return "none";
  return answer();
}

std::string MilterClient::answer() {
  char command = 0;
  std::string data;
  while (read_packet(command, data)) {
    switch (command) {
      case 'c': return "continue";
      case 'a': return "accept";
      case 'd': return "discard";
      case 'r': return "reject";
      case 't': return "tempfail";
      case 's': return "skip";
      case 'y': return data.c_str();
      case 'p': ++end_.progress; break;
      case 'h': end_.edits.push_back("add " + field(data)); break;
      case 'i':
        end_.edits.push_back("insert " + std::to_string(number_at(data, 0)) + " " + field(data.substr(4)));
        break;
      case 'm':
        end_.edits.push_back("change " + std::to_string(number_at(data, 0)) + " " + field(data.substr(4)));
        break;
      case 'q': end_.edits.push_back("quarantine " + std::string(data.c_str())); break;
      default: return std::string("packet ") + command;
    }
  }
  return timed_out_ ? "timeout" : "closed";
}

void MilterClient::macros(char command, const Macros& with) {
  std::string data(1, command);
  for (const auto& [name, value] : with) data += zero_ended(name) + zero_ended(value);
  packet('D', data);
}

}  // namespace postern::test
