#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace postern::test {

/// A name server on 127.0.0.1, UDP and TCP, for tests. The script is zone text as the product reads it, faults included
/// (SERVFAIL and BOGUS are answered SERVFAIL, TIMEOUT not at all), with three more comment lines, whose name may be `*`
/// or `*.below`:
///
///     ; DELAY name ms        the answer comes so much later
///     ; RCODE name number
///     ; SERVER name REFUSED|TRUNCATE|WRONG_ID|WRONG_QUESTION|GARBAGE|DROP|TAIL|EMPTY|LOOP|ELSEWHERE|FORGER_…
///
/// TRUNCATE answers in full over TCP alone; TAIL has records of the right type with broken data; EMPTY is no byte at
/// all; LOOP names its records by pointers to themselves; ELSEWHERE answers from another port. The forgers (EVERY_ID,
/// WRONG_SOURCE, KNOWS_ALL: DnsScript::Forger) speak before the server, which then says the truth.
class ScriptedDns {
 public:
  /// Port 0 is any free one. Throws std::runtime_error for a script that is no zone text, or a port that is taken.
  explicit ScriptedDns(std::string_view script, std::uint16_t port = 0);
  ~ScriptedDns();

  std::uint16_t port() const;
  /// From now on this script, as at the start.
  void change(std::string_view script);
  /// While true, questions are dropped.
  void silence(bool on);

  /// Questions so far, for one name in lower case or for all; drops count too.
  std::size_t asked(std::string_view name) const;
  std::size_t asked() const;
  std::size_t asked_over_tcp() const;
  std::size_t forged() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::test
