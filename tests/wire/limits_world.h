#pragma once

#include <signal.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/wire/daemon.h"
#include "tests/wire/program.h"

namespace postern::test {

/// A daemon with limits and a store, people who send through it, and its administrator.
class LimitsWorld {
 public:
  using Json = nlohmann::json;

  /// `limits` stands under `limits:`.
  LimitsWorld(const std::string& limits, const std::string& rules, const std::string& sections = "");

  /// As the daemon is configured now; what is changed holds from the next reload or start.
  Daemon::Setup setup;
  /// Puts `limits` in force.
  void reload(const std::string& limits);
  /// Ends the daemon by that signal, and starts it again.
  void restart(int signal = SIGTERM);
  Daemon& daemon() { return *daemon_; }
  MilterClient client() const { return daemon_->client(); }

  /// A connection with this login, past MAIL.
  MilterClient begin(const std::string& login) const;
  static MilterClient::Macros logged_in(const std::string& login);
  /// A message to so many, in a connection of its own: "" when it is taken, else the first refusal, without its id.
  std::string send(const std::string& login, int recipients = 1) const;
  /// The same behind begin().
  static std::string finish(MilterClient& client, int recipients = 1);

  /// `postern WORDS… --socket …`
  Ran postern(std::vector<std::string> words) const;
  Json postern_json(std::vector<std::string> words) const;
  /// What `limits show KEY --json` says of one limit; null where nothing is counted.
  Json shown(const std::string& key, const std::string& limit) const;
  /// Of its first window; reservations count.
  long used(const std::string& key, const std::string& limit = "user") const;
  long reserved(const std::string& key, const std::string& limit = "user") const;

  const TempFolder folder;

 private:
  static std::string sections_of(const std::string& limits, const std::string& further);

  const std::string further_;
  std::optional<Daemon> daemon_;
};

}  // namespace postern::test
