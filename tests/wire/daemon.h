#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/support/free_port.h"
#include "tests/support/milter_client.h"
#include "tests/support/temp_folder.h"

namespace postern::test {

using namespace std::chrono_literals;

/// The built `postern run` with a folder, sockets and a configuration of its own. Ends with this object, by its own
/// pid.
class Daemon {
 public:
  struct Setup {
    std::string rules = "  []\n";               ///< what stands under `rules:`
    std::string sections = {};                  ///< further sections
    std::string listen = "unix:FOLDER/p.sock";  ///< FOLDER is the daemon's
    std::string listen_keys = {};               ///< further keys of `listen:`, as ", max_sessions: 3"
    std::string site_keys = {};                 ///< further keys of `site:`
    std::string zone = {};                      ///< DNS knows this and nothing else
    std::uint16_t dns_port = 0;                 ///< or it is asked there …
    std::string dns_keys = ", canary: off";     ///< … with further keys of `dns:`
    std::vector<std::string> arguments = {};
    std::vector<std::string> environment = {};
    bool wait_until_ready = true;
    int files = 0;  ///< that it may open at most, from the start
  };
  explicit Daemon(const Setup& setup);
  Daemon(const Setup& setup, const TempFolder& folder);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Its configuration, for the next reload.
  void configure(const Setup& setup);
  void write_config(const std::string& text);
  MilterClient client() const;
  const TempFolder& folder() const { return *folder_; }
  std::string socket_path() const { return *folder_ / "p.sock"; }
  pid_t pid() const { return pid_; }
  bool alive();
  std::string log() const;
  /// Whether the log says `text` within `patience`.
  bool says(const std::string& text, std::chrono::milliseconds patience = 10s) const;
  std::size_t said(const std::string& text) const;
  void signal(int number) const;
  /// The exit status, 128 and the signal after a signal, nothing when it has not ended in time.
  std::optional<int> ended(std::chrono::milliseconds patience = 15s);
  /// The answer of the control socket.
  std::string ask(const std::string& command) const;
  /// One number of the counters of `status`, -1 when it is not there.
  long counter(const std::string& name) const;
  /// Whether a counter comes to `value` within `patience`.
  bool counts(const std::string& name, long value, std::chrono::milliseconds patience = 10s) const;
  std::multiset<std::string> threads() const;
  /// Processor time so far.
  double cpu_seconds() const;

 private:
  void start(const Setup& setup);
  void end_orderly();

  std::optional<TempFolder> own_folder_;
  const TempFolder* folder_;
  std::string log_path_;
  pid_t pid_ = -1;
  std::optional<int> status_;
  bool tampered_ = false;  // a protection was left out on purpose
};

/// Whether `condition` comes to hold within `patience`; asked every few milliseconds.
bool comes_true(std::chrono::milliseconds patience, const std::function<bool()>& condition);

/// `many` in `tests/run --long`, else `few`.
int in_long_runs(int many, int few);

}  // namespace postern::test
