#include "milter/cli/control.h"

#include <cstdio>

#include "milter/admin/status.h"
#include "milter/cli/ask_daemon.h"

namespace postern::cli {

namespace {

void print(const ControlOptions& options, const std::string& json, const std::string& text) {
  if (options.json)
    std::printf("%s\n", json.c_str());
  else
    std::printf("%s", text.c_str());
}

}  // namespace

int reload(const ControlOptions& options) {
  const std::optional<std::string> answer = ask_daemon_of(options, "reload");
  if (!answer) return kFailed;
  print(options, *answer, reload_text(*answer));
  return reload_succeeded(*answer) ? kOk : kUnusable;
}

int status(const ControlOptions& options) {
  const std::optional<std::string> answer = ask_daemon_of(options, "status");
  if (!answer) return kFailed;
  print(options, *answer, status_text(*answer));
  return kOk;
}

}  // namespace postern::cli
