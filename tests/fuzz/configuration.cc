#include "config/configuration.h"

#include <string>
#include <vector>

#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

// Absolute paths would lead to the files of this machine; a relative one leads nowhere, since the folder is not there.
bool may_name_a_file(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '/') continue;
    if (i == 0 || std::string_view(" \t\r\n'\"[{,:?-").find(text[i - 1]) != std::string_view::npos) {
      const bool socket = i >= 5 && text.substr(i - 5, 5) == "unix:";
      if (!socket) return true;
    }
  }
  return text.find("\\x2") != std::string_view::npos || text.find("\\u002") != std::string_view::npos ||
         text.find("\\U0000002") != std::string_view::npos || text.find("\\/") != std::string_view::npos;
}

std::vector<std::string> lines_of(const Problems& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems.sorted()) {
    lines.push_back(problem.line());
    hold(!fuzz::has_control(lines.back()), "a problem is one line");
    hold(problem.where.file.starts_with("f.yaml") || problem.where.file.starts_with("presets/"),
         "a problem names its file");
    hold(problem.where.line >= 0 && problem.where.column >= 0, "a problem has a place");
  }
  return lines;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (may_name_a_file(text)) return 0;
  const config::LoadOptions options{.generation = 1, .zone_file = {}, .offline = true};
  const auto load = [&](Problems& problems) {
    return config::load_text("f.yaml", text, "/nonexistent/postern", options, problems);
  };
  Problems problems, again;
  const auto configuration = load(problems);
  const std::vector<std::string> lines = lines_of(problems);
  hold(configuration.has_value() == problems.usable(), "nothing is answered, or nothing is wrong");
  if (!configuration) hold(!lines.empty(), "a refusal says why");
  load(again);
  hold(lines == lines_of(again), "the same text has the same problems");
  if (!configuration) return 0;
  hold(configuration->policy != nullptr && configuration->policy->rules != nullptr, "there is a policy");
  const std::string address = configuration->listen.libmilter_text();
  for (const std::string& written : {address, configuration->listen.postfix_text()}) {
    const auto listen = config::parse_listen(written, {});
    hold(listen && listen->libmilter_text() == address, "an address survives its text");
  }
  return 0;
}
