#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/session/stage.h"

namespace postern::session {

/// Some sessions at once, in one weather.
struct Round {
  Setting setting;
  unsigned threads;
  std::vector<Script> scripts;

  /// What decisions are to be told, by action.
  std::map<std::string, std::int64_t> decisions() const;
  std::string text() const;
};

/// A round as the dice fall, on as many threads where the policy stays the same; `policies` outlives it.
Round make_round(Dice& dice, const std::vector<TestPolicy>& policies, std::size_t sessions, unsigned threads);

/// Holds a round and counts. What is wrong, in words: sessions that go otherwise than foretold, each cut down to the
/// lines that matter, sessions that stay open, decisions that are not told, or told twice.
std::vector<std::string> hold(Stage& stage, const Round& round);

/// A session as every MTA holds it, and the decision that it must come to: written by hand, not by the model.
struct NormalSession {
  const char* policy;
  std::size_t client, helo, sender, recipient, header, body;  ///< words
  const char* decision;
};
extern const std::vector<NormalSession> kNormalSessions;

/// Holds the normal sessions of one policy, in fair weather. What is wrong, in words.
std::vector<std::string> hold_normal_sessions(Stage& stage, const TestPolicy& policy);

}  // namespace postern::session
