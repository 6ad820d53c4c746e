// A zone that ldns-signzone signs and NSD serves on a loopback port. Skipped where these programs are not installed.

#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "policy/dns/options.h"

extern char** environ;

namespace postern::dns {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/sbin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return {};
}

pid_t start(const std::vector<std::string>& command, const fs::path& output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (output.string() + ".err").c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  pid_t pid = -1;
  if (posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

// What the program prints, without the line end.
std::string run(const std::vector<std::string>& command, const fs::path& folder) {
  const fs::path output = folder / "output";
  fs::remove(output);
  const pid_t pid = start(command, output);
  int status = -1;
  waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0) << command[0];
  std::string line;
  std::ifstream(output) >> line;
  return line;
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
  for (int i = 0; i < 500; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (connected) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

class Dnssec : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"nsd", "ldns-keygen", "ldns-signzone"}) {
      if (program(name).empty()) GTEST_SKIP() << name << " is not installed";
    }
    std::string pattern = (fs::temp_directory_path() / "postern-dnssec-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    before_ = fs::current_path();
    fs::current_path(folder_);  // ldns-keygen writes where it stands
    write("test.zone",
          "$ORIGIN test.\n$TTL 60\n@ SOA ns root 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\ngood A 192.0.2.1\ngood "
          "MX 10 good\n");
    key_ = run({program("ldns-keygen"), "-a", "ECDSAP256SHA256", "test"}, folder_);
    other_ = run({program("ldns-keygen"), "-a", "ECDSAP256SHA256", "test"}, folder_);
    run({program("ldns-signzone"), "test.zone", (folder_ / key_).string()}, folder_);
    serve();
  }

  void TearDown() override {
    if (nsd_ > 0) {
      kill(nsd_, SIGTERM);
      waitpid(nsd_, nullptr, 0);
    }
    if (folder_.empty()) return;
    fs::current_path(before_);
    fs::remove_all(folder_);
  }

  // All statuses with the anchor of `key`, "" for none: status, "!" where validated.
  std::string statuses(const std::string& key) {
    Counters counters;
    Options options;
    options.servers = {{"127.0.0.1", port_}};
    if (!key.empty()) options.trust_anchor = (folder_ / (key + ".key")).string();
    const auto made = make_resolver(options, clock_, counters);
    if (!made) return made.error().message;
    std::string out;
    for (const auto& [host, type] :
         {std::pair{"good.test", Type::mx}, {"good.test", Type::aaaa}, {"gone.test", Type::a}}) {
      const Question question{*Domain::parse(host), type};
      for (const AnswerPtr& answer :
           {made.value()->query(question, Deadline(std::chrono::steady_clock::now() + 5s)),
            made.value()->query_uncached(question, Deadline(std::chrono::steady_clock::now() + 5s))}) {
        out += fmt::format("{}{} ", name(answer->status), answer->secure ? "!" : "");
        EXPECT_EQ(answer->status == Status::bogus, !answer->problem.empty()) << answer->problem;
      }
    }
    return out;
  }

  std::string key_, other_;

 private:
  void write(const char* name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  void serve() {
    port_ = free_port();
    write("nsd.conf",
          fmt::format(
              "server:\n  ip-address: 127.0.0.1@{0}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{1}\"\n  "
              "database: \"\"\n"
              "  pidfile: \"{1}/nsd.pid\"\n  xfrdfile: \"{1}/xfrd\"\n  zonelistfile: \"{1}/zones\"\n  server-count: 1\n"
              "remote-control:\n  control-enable: no\nzone:\n  name: test\n  zonefile: test.zone.signed\n",
              port_, folder_.string()));
    nsd_ = start({program("nsd"), "-d", "-c", (folder_ / "nsd.conf").string()}, folder_ / "nsd.log");
    ASSERT_TRUE(listens(port_));
  }

  SystemClock clock_;
  fs::path folder_, before_;
  pid_t nsd_ = -1;
  std::uint16_t port_ = 0;
};

TEST_F(Dnssec, TellsBogusFromAllElse) {  // RFC 4035 5.5
  EXPECT_EQ(statuses(""), "ok ok nodata nodata nxdomain nxdomain ");
  EXPECT_EQ(statuses(key_), "ok! ok! nodata! nodata! nxdomain! nxdomain! ");
  EXPECT_EQ(statuses(other_), "bogus bogus bogus bogus bogus bogus ");
}

}  // namespace
}  // namespace postern::dns
