#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/auth/message.h"
#include "tests/support/temp_folder.h"

extern char** environ;

namespace postern::test {

/// What a program of somebody else's said.
struct Ran {
  int status = -1;  ///< 3: it is not installed
  std::string out;
  std::string err;
};

inline std::string file_content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline Ran run_peer(std::vector<std::string> words) {
  const TempFolder folder;
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (folder / "out").c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder / "err").c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return {3, "", words[0] + " is not there"};
  int status = 0;
  waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, file_content(folder / "out"), file_content(folder / "err")};
}

/// As it goes over the wire.
inline std::string text_of(const Message& message) {
  std::string text;
  for (const HeaderField& field : message.header) {
    text += field.name + ":";
    for (const char c : field.value) text += c == '\n' ? "\r\n" : std::string(1, c);
    text += "\r\n";
  }
  return text + "\r\n" + message.body;
}

}  // namespace postern::test
