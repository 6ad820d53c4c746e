#include "tests/wire/daemon.h"
#include "tests/support/sanitizers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "milter/admin/control_socket.h"

extern char** environ;

namespace postern::test {

namespace {

// What a sanitizer or a busy machine may cost on top.
constexpr auto kStep = 5ms;

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

}  // namespace

bool comes_true(std::chrono::milliseconds patience, const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kStep);
  }
  return true;
}

int in_long_runs(int many, int few) { return std::getenv("POSTERN_LONG") != nullptr ? many : few; }

Daemon::Daemon(const Setup& setup) : own_folder_(std::in_place), folder_(&*own_folder_) { start(setup); }

Daemon::Daemon(const Setup& setup, const TempFolder& folder) : folder_(&folder) { start(setup); }

void Daemon::configure(const Setup& setup) {
  std::string dns = "dns: {zone_files: [zone.txt]}\n";
  if (setup.dns_port != 0)
    dns =
        "dns: {servers: [\"127.0.0.1@" + std::to_string(setup.dns_port) + "\"], timeout: 10s" + setup.dns_keys + "}\n";
  std::ofstream(*folder_ / "zone.txt") << (setup.zone.empty() ? "nothing.test. A 192.0.2.99\n" : setup.zone);
  write_config(
      replaced("version: 1\n"
               "listen: {address: \"" +
                   setup.listen + "\"" + setup.listen_keys +
                   "}\n"
                   "admin: {socket: FOLDER/control.sock}\n"
                   "site: {hostname: mx.site.test, domains: [site.test]" +
                   setup.site_keys + "}\n" + dns + setup.sections + "rules:\n" + setup.rules,
               "FOLDER", folder_->path()));
}

void Daemon::write_config(const std::string& text) { std::ofstream(*folder_ / "postern.yaml") << text; }

void Daemon::start(const Setup& setup) {
  configure(setup);
  tampered_ = std::any_of(setup.arguments.begin(), setup.arguments.end(),
                          [](const std::string& argument) { return argument == "--test-without"; });
  static int number = 0;
  log_path_ = *folder_ / ("log." + std::to_string(++number));
  std::vector<std::string> words = {POSTERN_BINARY, "run", "-c", *folder_ / "postern.yaml"};
  words.insert(words.end(), setup.arguments.begin(), setup.arguments.end());
  if (setup.files != 0) {
    const std::string files = std::to_string(setup.files);
    words.insert(words.begin(), {"/usr/bin/prlimit", "--nofile=" + files + ":" + files});
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<std::string> variables = setup.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);

  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};  // some are made to crash
  setrlimit(RLIMIT_CORE, &no_core);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int problem = posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) throw std::runtime_error("cannot start " POSTERN_BINARY);
  if (!setup.wait_until_ready) return;
  const bool settled = comes_true(20s, [this] { return log().find("event=ready") != std::string::npos || !alive(); });
  if (!settled || !alive()) throw std::runtime_error("not ready:\n" + log());
}

Daemon::~Daemon() {
#if defined(POSTERN_SANITIZES_ADDRESS) || defined(POSTERN_SANITIZES_THREAD)
  // A sanitizer tells of leaks when the process ends by itself. One that lacks a protection may do anything.
  if (!tampered_) end_orderly();
#endif
  if (!alive()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Daemon::end_orderly() {
  for (int i = 0; i < 2 && alive(); ++i) {  // asked twice it waits for no session
    signal(SIGTERM);
    ended(i == 0 ? 2s : 20s);
  }
  EXPECT_FALSE(alive()) << "it does not end:\n" << log();
  const std::string told = log();
  for (const char* const sign : {"AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error: "})
    EXPECT_EQ(told.find(sign), std::string::npos) << told.substr(std::min(told.find(sign), told.size()));
}

MilterClient Daemon::client() const { return MilterClient(socket_path()); }

bool Daemon::alive() {
  if (status_ || pid_ <= 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

std::string Daemon::log() const {
  std::ostringstream text;
  text << std::ifstream(log_path_).rdbuf();
  return text.str();
}

bool Daemon::says(const std::string& text, std::chrono::milliseconds patience) const {
  return comes_true(patience, [&] { return log().find(text) != std::string::npos; });
}

std::size_t Daemon::said(const std::string& text) const {
  const std::string all = log();
  std::size_t count = 0;
  for (std::size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
  return count;
}

void Daemon::signal(int number) const { kill(pid_, number); }

std::optional<int> Daemon::ended(std::chrono::milliseconds patience) {
  comes_true(patience, [this] { return !alive(); });
  return status_;
}

std::string Daemon::ask(const std::string& command) const {
  const Result<std::string> answer = ask_daemon(*folder_ / "control.sock", command);
  return answer ? *answer : answer.error().message;
}

long Daemon::counter(const std::string& name) const {
  const auto status = nlohmann::json::parse(ask("status"), nullptr, false);
  if (!status.is_object() || !status.contains("counters")) return -1;
  return status.at("counters").value(name, -1L);
}

bool Daemon::counts(const std::string& name, long value, std::chrono::milliseconds patience) const {
  return comes_true(patience, [&] { return counter(name) == value; });
}

std::multiset<std::string> Daemon::threads() const {
  std::multiset<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid_) + "/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    names.insert(name);
  }
  return names;
}

double Daemon::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0) return -1;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace postern::test
