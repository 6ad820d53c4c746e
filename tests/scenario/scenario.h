#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace postern::scenario {

/// One dialogue as text: a policy, a zone, and lines that are said to a Session with what must be answered.
///
///     == policy              the rules file (YAML)
///     == zone                what DNS knows
///     == file NAME           a file beside the policy, for `accounts:` and lists
///     == dialogue            one event a line; `-> ` lines are what it must come to
///
/// Events: `connect ADDRESS|local [name=N] [listener=L]`, `helo NAME [tls=VERSION]`, `mail PATH [login=U] [auth=MECHANISM] [size=N]`,
/// `rcpt PATH`, `rcpt-refused PATH`, `data`, `header Name: value`, `eoh`, `body BYTES`, `eom`, `abort`, `close`,
/// `policy` (swaps to the next `== policy` section), `dns sound|in-doubt|stale` (how far its answers can be relied on;
/// before, they are a zone file's). Expectations: `-> continue | accept | discard | quarantine TEXT |
/// CODE STATUS [text…]`, where the text is a part of the reply; `-> edit KIND NAME[: value]` and `-> decision
/// FIELD=VALUE …` (of the event that the line above made) may follow.
struct Scenario {
  struct Step {
    int line;
    std::string event;
    std::vector<std::string> expectations;
  };

  std::string name;
  std::vector<std::string> policies;
  std::string zone;
  std::map<std::string, std::string> files;
  std::vector<Step> steps;
};

Scenario read(const std::string& path);

/// How a run differs from another without being allowed to come out otherwise.
struct Weather {
  std::size_t pool_threads = 0;
  unsigned delay_seed = 0;  ///< not 0: each DNS answer comes after a random moment of up to 5 ms
};

/// What a run said: each step's reactions, and each decision event without its times and ids. Equal in any weather.
struct Outcome {
  std::vector<std::string> transcript;
  std::vector<std::string> failures;  ///< expectations that did not hold, with their lines
};

Outcome run(const Scenario& scenario, const Weather& weather);

}  // namespace postern::scenario
