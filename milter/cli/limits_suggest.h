#pragma once

#include <string>

#include "milter/cli/command_line.h"

namespace postern::cli {

/// `postern limits suggest`: what a limit a login could be, by what each has used according to logs of the past. Reads
/// the logs side by side, in the order of their times, and nothing else. kOk; kFailed where a log cannot be read or tells
/// of nobody; kUnusable.
int suggest_limits(const LimitsSuggestOptions& options);

/// The same with an answer for a test to look at; `problem` is for standard error.
struct SuggestAnswer {
  int status = 0;
  std::string text;
  std::string problem;
};
SuggestAnswer suggest_limits(const LimitsSuggestOptions& options, std::int64_t now);

}  // namespace postern::cli
