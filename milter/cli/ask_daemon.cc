#include "milter/cli/ask_daemon.h"

#include <cstdio>
#include <utility>

#include "config/configuration.h"
#include "milter/admin/control_socket.h"

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

}  // namespace

std::optional<std::string> ask_daemon_of(const ControlOptions& options, std::string_view request) {
  Result<std::string> answer = ask_daemon(socket_path(options), request);
  if (answer) return *std::move(answer);
  std::fprintf(stderr, "postern: %s\n", answer.error().message.c_str());
  return std::nullopt;
}

}  // namespace postern::cli
