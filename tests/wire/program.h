#pragma once

#include <string>
#include <vector>

namespace postern::test {

/// How a run of the program ended, and what it printed.
struct Ran {
  int status = -1;  ///< 128 and the signal, where one ended it
  std::string out;
  std::string err;
};

/// Runs `postern` with these arguments, to its end.
Ran run(const std::vector<std::string>& words);

}  // namespace postern::test
