#pragma once

#include <string>
#include <vector>

#include "policy/base/stream.h"
#include "policy/notices/way.h"

namespace postern::notices {

/// Runs a program with the notice as JSON (incident_json.h) at its standard input, and takes exit status 0 for told. No
/// shell, nothing of the notice among the arguments, an environment of PATH and LANG alone, no open descriptor of ours,
/// `/` as its folder, output to nowhere, a process group of its own. It has as long as tell() has; then, and when it has
/// ended, whatever is left of the group is killed.
class Command final : public Way {
 public:
  /// `program`: absolute path and arguments. `interrupt` outlives this.
  Command(std::vector<std::string> program, std::string hostname, const Interrupt& interrupt);

  std::string_view name() const override { return "command"; }
  std::vector<std::string> addressees(const Incident&) const override { return {program_.front()}; }
  Attempt tell(const Notice& notice, const std::string& addressee, SteadyTime until) override;

 private:
  const std::vector<std::string> program_;
  const std::string hostname_;
  const Interrupt& interrupt_;
};

}  // namespace postern::notices
