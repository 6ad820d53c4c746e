#include "policy/notices/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "policy/notices/incident_json.h"

namespace postern::notices {

namespace {

using Kind = Attempt::Kind;

constexpr int kLookMs = 10;  // local: how often we look whether it has ended

// A file in memory with the text, to be read from its beginning: a program that does not read it holds nobody up.
int memory_file(std::string_view text) {
  const int fd = ::memfd_create("postern-incident", MFD_CLOEXEC);
  if (fd < 0) return -1;
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return ::close(fd), -1;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

/// What a new process is to be, released at the end of its scope.
class Birth {
 public:
  explicit Birth(int input) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, 1, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    posix_spawn_file_actions_addchdir_np(&actions_, "/");
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
  }
  ~Birth() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Birth(const Birth&) = delete;
  Birth& operator=(const Birth&) = delete;

  /// 0, or an errno.
  int of(std::vector<std::string> program, pid_t& pid) const {
    std::vector<char*> arguments;
    for (std::string& argument : program) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", lang = "LANG=C.UTF-8";
    char* environment[] = {path.data(), lang.data(), nullptr};
    return ::posix_spawn(&pid, arguments.front(), &actions_, &attributes_, arguments.data(), environment);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Waits for the process, which stays a zombie: its number, which is that of its group, is not another's yet.
bool ended(pid_t pid, SteadyTime until, const Interrupt& interrupt) {
  while (!interrupt.raised() && std::chrono::steady_clock::now() < until) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid)
      return true;
    pollfd end{interrupt.descriptor(), POLLIN, 0};
    ::poll(&end, 1, kLookMs);
  }
  return false;
}

}  // namespace

Command::Command(std::vector<std::string> program, std::string hostname, const Interrupt& interrupt)
    : program_(std::move(program)), hostname_(std::move(hostname)), interrupt_(interrupt) {}

Attempt Command::tell(const Notice& notice, const std::string&, SteadyTime until) {
  if (!program_.front().starts_with('/')) return {Kind::refused, "the program is no absolute path"};
  const int input = memory_file(incident_json(notice, hostname_) + "\n");
  if (input < 0) return {Kind::again, std::strerror(errno)};
  pid_t pid = 0;
  const int error = Birth(input).of(program_, pid);
  ::close(input);
  if (error != 0) return {Kind::again, std::strerror(error)};

  const bool in_time = ended(pid, until, interrupt_);
  ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return {Kind::again, "killed: it did not end in time"};
  if (WIFSIGNALED(status)) return {Kind::again, fmt::format("it died of signal {}", WTERMSIG(status))};
  if (WEXITSTATUS(status) != 0) return {Kind::again, fmt::format("exit status {}", WEXITSTATUS(status))};
  return {Kind::told, {}};
}

}  // namespace postern::notices
