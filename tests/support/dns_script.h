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

  struct Reply {
    std::string bytes;
    std::chrono::milliseconds delay{0};
  };
  /// The answer to `message`, whose question is `question`; nothing where the script drops it.
  std::optional<Reply> reply(std::string_view message, const Question& question, bool tcp) const;

 private:
  enum class Manner { plain, refused, truncate, wrong_id, wrong_question, garbage, drop, tail };
  static Manner manner(std::string_view word);
  struct Records;
  Records records(const Question& question, Manner manner) const;
  template <class T>
  static T of(const std::map<std::string, T>& map, std::string_view name, T otherwise);

  dns::Zone zone_;
  std::map<std::string, std::chrono::milliseconds> delays_;
  std::map<std::string, Manner> manners_;
};

/// Numbers in network order.
void put16(std::string& out, unsigned value);
unsigned get16(std::string_view in, std::size_t at);

}  // namespace postern::test
