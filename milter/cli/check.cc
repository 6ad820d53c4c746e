#include "milter/cli/check.h"

#include <cstdio>

#include "config/configuration.h"
#include "milter/json.h"

namespace postern::cli {

namespace {

Json stage_lines(const config::Configuration& configuration) {
  return rules::describe_stages(*configuration.policy->rules, configuration.policy->answer_at);
}

}  // namespace

int check(const CheckOptions& options) {
  Problems problems;
  const std::optional<config::Configuration> configuration = config::load_file(options.config, {}, problems);
  const int status = configuration ? kOk : kUnusable;
  if (options.json) {
    Json answer{
        {"file", options.config}, {"ok", configuration.has_value()}, {"problems", problems_json(problems.sorted())}};
    if (options.stages && configuration) answer["stages"] = stage_lines(*configuration);
    std::printf("%s\n", json_line(answer).c_str());
    return status;
  }
  for (const Problem& problem : problems.sorted()) std::printf("%s\n", problem.line().c_str());
  if (!configuration) return status;
  if (options.stages) {
    for (const std::string& line :
         rules::describe_stages(*configuration->policy->rules, configuration->policy->answer_at))
      std::printf("%s\n", line.c_str());
  }
  std::printf("%s: ok\n", options.config.c_str());
  return status;
}

}  // namespace postern::cli
