#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/rules/outcome.h"
#include "tests/session/event.h"
#include "tests/session/test_policy.h"

namespace postern::session {

/// What the model knows of a message when it judges it.
struct Knowledge {
  Stage stage = Stage::sender;
  Direction direction = Direction::inbound;
  bool client_bad = false;
  bool helo_bad = false;
  const SenderWord* sender = nullptr;
  const RecipientWord* recipient = nullptr;  ///< the one at hand; null: none
  bool spam = false;
  std::uint64_t bytes = 0;
  bool blind_to_recipient = false;  ///< as if nothing were known of the recipient yet
};

/// What follows from a test policy by LANGUAGE 5, worked out naively: the model's own word on what decide() says.
struct Judgement {
  bool certain = false;
  std::string action = "accept";        ///< accept, quarantine, discard, defer, reject
  std::string rule = {};                ///< that is named; empty: none
  std::string reply = {};               ///< "550 5.7.1"; empty: it is let through, or dropped
  bool scoped = false;                  ///< it rests on the recipient at hand
  std::vector<std::string> marks = {};  ///< names of the rules whose mark it gets

  bool refuses() const { return !reply.empty(); }
};
Judgement judge(const TestPolicy& policy, const Knowledge& known);

/// A recipient's profile (LANGUAGE 6).
std::string profile(const TestPolicy& policy, const Knowledge& known);

}  // namespace postern::session
