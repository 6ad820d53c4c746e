#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "config/configuration.h"
#include "config/equip.h"
#include "milter/admission.h"
#include "milter/policy_in_force.h"
#include "policy/base/clock.h"
#include "policy/base/log.h"
#include "policy/base/problem.h"
#include "policy/dns/resolver_in_force.h"

namespace postern {

/// Puts a changed configuration in force: builds it aside and swaps it whole; one with mistakes changes nothing.
/// Thread-safe.
class Reloader {
 public:
  /// What the last reload did; before any, the load at start.
  struct Report {
    bool ok = true;
    std::uint64_t generation = 1;  ///< in force afterwards
    WallTime at;
    std::vector<Problem> problems;  ///< mistakes and warnings
    /// what has changed and stays as it was until a restart: "listen", "log" …
    std::vector<std::string> needs_restart;
  };

  /// `path` is where `started`, now in force, was loaded from, `problems` the warnings of that. All references outlive
  /// this.
  Reloader(std::string path, config::Configuration started, const Problems& problems, PolicyInForce& policy,
           dns::ResolverInForce& dns, config::Keeping keeping, Admission& admission, Clock& clock, Counters& counters,
           Log& log);

  Report reload();
  Report last() const;
  /// Longest wait for open sessions at the end.
  std::chrono::seconds drain() const;
  struct DirectoryState {
    std::string name;
    std::string trouble;  ///< why it can not be asked now; empty while it can
  };
  std::vector<DirectoryState> directories() const;
  /// Reads changed files of lists and directories again; what is wrong with one goes to the log. Lets go of what stood
  /// behind policies that no message has any more.
  void refresh();

 private:
  void equip();
  void tell_of_directories();
  void let_go();

  const std::string path_;
  PolicyInForce& policy_;
  dns::ResolverInForce& dns_;
  Admission& admission_;
  const config::Keeping keeping_;
  Clock& clock_;
  Counters& counters_;
  Log& log_;
  mutable std::mutex mutex_;  // guards what follows; held for the time of a load
  config::Configuration in_force_;
  std::string dns_made_of_;
  config::Equipment equipment_;
  std::map<std::string, std::string> told_of_;            ///< the trouble of each directory that has been told
  std::vector<std::shared_ptr<const Backends>> retired_;  ///< they may take a moment to end: not on libmilter's threads
  const config::Configuration started_;
  Report last_;
  std::uint64_t generation_ = 1;
  std::future<void> ending_;  ///< of retired ones: a question to a server that stands still lasts its whole time
};

}  // namespace postern
