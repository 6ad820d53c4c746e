#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "policy/dns/zone.h"

namespace postern::test {

/// What a ScriptedDns says: zone text with DELAY and SERVER lines (see scripted_dns.h), and the messages it makes of
/// it. Frozen.
class DnsScript {
 public:
  /// Throws std::runtime_error for what is no such text.
  explicit DnsScript(std::string_view text);

  struct Question {
    std::string name;  ///< as dns::append_label() writes it
    unsigned type = 0;
    std::size_t end = 0;  ///< where it ends in the message
    bool edns = false;
  };
  /// The question of a message; nothing where there is none.
  static std::optional<Question> question(std::string_view message);

  /// A forger beside the server, who answers first: `203.0.113.66`.
  enum class Forger {
    none,
    every_id,      ///< from the server's own address, with every id but the right one
    wrong_source,  ///< with the right id, from another port
    knows_all,     ///< with the right id, from the server's own address: nothing protects from him
  };
  struct Reply {
    std::string bytes;
    std::chrono::milliseconds delay{0};
    Forger forger = Forger::none;
    std::string forged;
    bool elsewhere = false;  ///< the answer itself comes from another port
  };
  /// The answer to `message`, whose question is `question`; nothing where the script drops it.
  std::optional<Reply> reply(std::string_view message, const Question& question, bool tcp) const;

 private:
  enum class Manner {
    plain,
    refused,
    truncate,
    wrong_id,
    wrong_question,
    garbage,
    drop,
    tail,
    empty,
    loop,
    elsewhere,
    forger_every_id,
    forger_wrong_source,
    forger_knows_all,
  };
  static Manner manner(std::string_view word);
  struct Records;
  Records records(const Question& question, Manner manner) const;
  template <class T>
  static T of(const std::map<std::string, T>& map, std::string_view name, T otherwise);

  dns::Zone zone_;
  std::map<std::string, std::chrono::milliseconds> delays_;
  std::map<std::string, Manner> manners_;
  std::map<std::string, unsigned> rcodes_;
};

/// Numbers in network order.
void put16(std::string& out, unsigned value);
unsigned get16(std::string_view in, std::size_t at);

}  // namespace postern::test
