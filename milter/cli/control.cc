#include "milter/cli/control.h"

#include <cstdio>

#include "config/configuration.h"
#include "milter/admin/control_socket.h"
#include "milter/admin/status.h"

namespace postern::cli {

namespace {

constexpr const char* kDefaultSocket = "/run/postern/control.sock";

// A configuration with mistakes still has a daemon that runs an older one: it is asked at the usual place, and tells
// what is wrong.
std::string socket_path(const ControlOptions& options) {
  if (!options.socket.empty()) return options.socket;
  Problems problems;
  const std::optional<config::Configuration> configuration = config::load_file(options.config, {}, problems);
  return configuration && !configuration->control_socket.empty() ? configuration->control_socket : kDefaultSocket;
}

std::optional<std::string> ask(const ControlOptions& options, std::string_view command) {
  Result<std::string> answer = ask_daemon(socket_path(options), command);
  if (answer) return *std::move(answer);
  std::fprintf(stderr, "postern: %s\n", answer.error().message.c_str());
  return std::nullopt;
}

void print(const ControlOptions& options, const std::string& json, const std::string& text) {
  if (options.json)
    std::printf("%s\n", json.c_str());
  else
    std::printf("%s", text.c_str());
}

}  // namespace

int reload(const ControlOptions& options) {
  const std::optional<std::string> answer = ask(options, "reload");
  if (!answer) return kFailed;
  print(options, *answer, reload_text(*answer));
  return reload_succeeded(*answer) ? kOk : kUnusable;
}

int status(const ControlOptions& options) {
  const std::optional<std::string> answer = ask(options, "status");
  if (!answer) return kFailed;
  print(options, *answer, status_text(*answer));
  return kOk;
}

}  // namespace postern::cli
