#include "tests/support/name_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace postern::test {

namespace {

using namespace std::chrono_literals;

std::string program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/sbin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return {};
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// In `folder`, where some of these programs write what they make.
pid_t spawn(const std::vector<std::string>& command, const std::string& folder, const std::string& output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (output + ".err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t pid = -1;
  if (posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

bool listens(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return connected;
}

}  // namespace

std::string NameServer::missing() {
  for (const char* name : {"nsd", "ldns-keygen", "ldns-signzone"}) {
    if (program(name).empty()) return name;
  }
  return {};
}

NameServer::~NameServer() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

std::string NameServer::run(const std::vector<std::string>& command) {
  const std::string output = folder_ / "output";
  const pid_t pid = spawn(command, folder_.path(), output);
  int status = -1;
  waitpid(pid, &status, 0);
  if (pid < 0 || status != 0) throw std::runtime_error(command[0] + ": " + content(output + ".err"));
  const std::string text = content(output);
  return text.substr(0, text.find('\n'));
}

std::string NameServer::make_key(const std::string& zone) {
  return run({program("ldns-keygen"), "-a", "ECDSAP256SHA256", zone});
}

void NameServer::serve(const std::string& zone, const std::string& text) {
  std::ofstream(folder_ / (zone + ".signed")) << text;
  zones_.push_back(zone);
}

void NameServer::serve_signed(const std::string& zone, const std::string& text, const std::string& key,
                              const std::vector<std::string>& times, const std::string& from, const std::string& to) {
  std::ofstream(folder_ / zone) << text;
  std::vector<std::string> command{program("ldns-signzone")};
  command.insert(command.end(), times.begin(), times.end());
  command.insert(command.end(), {zone, key});
  run(command);
  zones_.push_back(zone);
  if (from.empty()) return;
  std::string made = content(folder_ / (zone + ".signed"));
  const std::size_t at = made.find(from);
  if (at == std::string::npos) throw std::runtime_error(zone + " has no " + from);
  made.replace(at, from.size(), to);
  std::ofstream(folder_ / (zone + ".signed")) << made;
}

void NameServer::start() {
  for (int attempt = 0; attempt < 5; ++attempt) {  // somebody else may be faster with the port
    port_ = free_port();
    std::string config = fmt::format(
        "server:\n  ip-address: 127.0.0.1@{0}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{1}\"\n  database: "
        "\"\"\n"
        "  pidfile: \"{1}/nsd.pid\"\n  xfrdfile: \"{1}/xfrd\"\n  zonelistfile: \"{1}/zones\"\n  server-count: 1\n  "
        "rrl-ratelimit: 0\n"
        "remote-control:\n  control-enable: no\n",
        port_, folder_.path());
    for (const std::string& zone : zones_) config += fmt::format("zone:\n  name: {0}\n  zonefile: {0}.signed\n", zone);
    std::ofstream(folder_ / "nsd.conf") << config;
    pid_ = spawn({program("nsd"), "-d", "-c", folder_ / "nsd.conf"}, folder_.path(), folder_ / "nsd.log");
    for (int i = 0; i < 1000; ++i) {
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) break;
      if (listens(port_)) return;
      std::this_thread::sleep_for(10ms);
    }
  }
  throw std::runtime_error("nsd: " + content(folder_ / "nsd.log.err"));
}

std::string NameServer::anchor(const std::vector<std::string>& keys) {
  const std::string path = folder_ / fmt::format("anchor.{}", ++anchors_);
  std::ofstream out(path);
  for (const std::string& key : keys) out << content(folder_ / (key + ".key"));
  return path;
}

}  // namespace postern::test
