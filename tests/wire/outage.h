#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/real_server.h"
#include "tests/wire/daemon.h"

namespace postern::test {

/// What a message is, and whether it may pass. Users are u0 to u49 of site.test, whom everybody asks for all the time;
/// c0, c1 … are asked for once.
enum class Mail {
  own,       ///< a login sends with its own address: right
  own_cold,  ///< … of one who has not been asked for yet: right
  known,     ///< a stranger writes to a user: right
  known_cold,
  unknown,  ///< a stranger writes to somebody who does not exist: wrong
  foreign,  ///< a login sends with the address of another: wrong
};
constexpr std::size_t kMails = 6;
constexpr bool is_right(Mail mail) { return mail < Mail::unknown; }

/// How the directory is while a message comes. Between: it is on its way, or changes meanwhile.
enum class Phase { up, between, down };

/// The first answer that ended a message, by its class, and how long its slowest step took.
struct Told {
  char answer = '2';  ///< '2', '4', '5'
  std::string text;
  std::chrono::milliseconds slowest{0};
};

/// A directory of accounts that goes down and comes back.
struct Plant {
  std::string name;
  std::string directory;     ///< of `accounts:`, without braces: "type: sql, dsn: …"
  std::string login_domain;  ///< behind its logins: "@site.test", or nothing
  int cold = 1'000'000;      ///< c0 to here are known
  bool survives = false;     ///< its content is in our memory: everything goes on
  struct Fault {
    std::string name;
    std::function<void()> begins;
    std::function<void()> ends;
    std::chrono::milliseconds lasts = 3s;
  };
  std::vector<Fault> faults;
};

/// Killed, ended in peace, and frozen.
std::vector<Plant::Fault> faults_of(RealServer& server);

/// Each answer is asked for again after a second.
inline const std::string kShortMemory = "remember: 1s, remember-absent: 1s";

/// About 200 messages a second through the daemon, while a plant goes down and comes back.
class Outage {
 public:
  /// `keys`: of the directory, how long its answers serve.
  explicit Outage(Plant plant, const std::string& keys = kShortMemory);
  ~Outage();

  /// Each fault in turn. After each it is waited until everything is answered normally.
  void run();

  /// Messages that were answered by '2', '4' or '5'; 'c' and 't': not at all.
  int count(Mail mail, Phase phase, char answer) const;
  struct Lived {
    std::string fault;
    int put_off = 0;                        ///< messages that got 4xx
    std::chrono::milliseconds recovery{0};  ///< from its end until everything is answered normally
  };
  std::chrono::milliseconds slowest() const { return slowest_.load(); }
  /// Right messages that were refused for good, and messages that were put off.
  int paid() const;
  int put_off() const;
  /// What must hold, whatever happens to a directory.
  void expect_nobody_pays();
  /// All answers by message and phase, for whoever must find out.
  std::string table() const;

 private:
  void ask_for_every_user();
  void send(unsigned seed);
  Told tell(MilterClient& client, Mail mail, int number);
  void note(Mail mail, Phase phase, const Told& told, int number);
  bool is_normal();
  std::chrono::milliseconds wait_until_normal();
  void expect_those_put_off_to_pass();
  void expect_the_way_back();
  int sum(char answer, bool all) const;
  void enter(Phase phase);
  std::string login(const std::string& local) const { return local + plant_.login_domain; }
  void load(bool on);

  const Plant plant_;
  Daemon daemon_;
  std::atomic<int> moment_{0};  // only grows; modulo 3 it is the phase
  std::atomic<bool> ends_{false};
  std::atomic<int> next_{0};  // of those that are asked for once
  std::atomic<std::chrono::milliseconds> slowest_{0ms};
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::pair<Mail, Phase>, std::map<char, int>> counts_;
  std::map<std::string, int> texts_;  // of answers that ought not be
  std::vector<int> come_again_;       // own_cold that got 4xx
  std::vector<std::thread> threads_;
  std::vector<Lived> lived_;
};

/// All of it, and what must hold. `keys`: as Outage has them.
void costs_nobody_a_5xx(const Plant& plant, const std::string& keys = kShortMemory);

}  // namespace postern::test
