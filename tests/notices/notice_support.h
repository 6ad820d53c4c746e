#pragma once

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "policy/notices/way.h"

namespace postern::notices::test {

inline Notice notice_of(Incident incident) {
  return {.incident = std::move(incident), .at = WallTime(std::chrono::seconds(1'780'000'000)), .token = "0a1b"};
}

inline Incident limit_incident() {
  return {.rule = "outbound/limit-user",
          .key = "bob@example.org",
          .id = "4FZQ0K8Y",
          .what = "limit user is over",
          .facts = {{"login", "bob@example.org"}, {"client", "192.0.2.1"}, {"used", "501"}},
          .to = {"postmaster@example.org"}};
}

/// Texts that mean something else to a header, a JSON, a shell or a terminal.
inline const std::string kHostile[] = {
    "a\r\nBcc: all@example.org\r\n\r\nbody",
    "a\nSubject: other",
    "a\rX: y",
    std::string("a\0b", 3),
    "\"},\"rule\":\"other\",{\"",
    "\\\"\\u0000\\",
    "$(touch /tmp/x); `id` | cat & \"'",
    "=?UTF-8?Q?=0ABcc:_x?=",
    ".\r\n.\r\nQUIT\r\n",
    "\xff\xfe\xc3",
    "\xe2\x80\xae"
    "drowssap\xe2\x80\xa8",
    "caf\xc3\xa9 \xf0\x9f\x92\xa9",
    "\x1b[2J\x07\x7f",
};

/// Until it holds, for at most 10 seconds.
inline bool comes_true(const std::function<bool()>& holds) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10); !holds();) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Runs a program as a plain fork and exec do; false where it fails.
inline bool runs(std::vector<std::string> program) {
  std::vector<char*> arguments;
  for (std::string& argument : program) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  int status = -1;
  return ::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ) == 0 &&
         ::waitpid(pid, &status, 0) == pid && status == 0;
}

inline SteadyTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

}  // namespace postern::notices::test
