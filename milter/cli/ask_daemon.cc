#include "milter/cli/ask_daemon.h"

#include <cstdio>
#include <utility>

#include "config/configuration.h"
#include "milter/admin/control_socket.h"

namespace postern::cli {

namespace {

constexpr const char* kDefaultSocket = "/run/postern/control.sock";

// A configuration with mistakes still has a daemon that runs an older one, and tells what is wrong.
std::string socket_path(const ControlOptions& options, Problems& problems) {
  if (!options.socket.empty()) return options.socket;
  const std::optional<std::string> socket = config::control_socket_of(options.config, problems);
  return socket && !socket->empty() ? *socket : kDefaultSocket;
}

}  // namespace

std::optional<std::string> ask_daemon_of(const ControlOptions& options, std::string_view request) {
  Problems problems;
  Result<std::string> answer = ask_daemon(socket_path(options, problems), request);
  if (answer) return *std::move(answer);
  for (const Problem& problem : problems.sorted()) std::fprintf(stderr, "%s\n", problem.line().c_str());
  std::fprintf(stderr, "postern: %s\n", answer.error().message.c_str());
  return std::nullopt;
}

}  // namespace postern::cli
