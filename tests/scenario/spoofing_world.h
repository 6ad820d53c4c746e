#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/engine/decision_record.h"
#include "policy/mail/authentication_results.h"
#include "tests/scenario/spoofing_cases.h"

namespace postern::spoofing {

constexpr const char* kHost = "mx.victim.example";  ///< our name, and our authserv-id

/// The shipped presets, and nothing else.
std::string presets();
/// Everything is asked, nobody is refused, and tags tell what a rule can see.
std::string open();

/// What became of one message.
struct Outcome {
  std::optional<Reply> refusal;
  DecisionRecord record;
  std::vector<HeaderField> header;            ///< as the message was let through
  std::vector<AuthenticationResults> claims;  ///< each Authentication-Results in it that a reader takes for ours
  std::string written;                        ///< all that we wrote: reply, our own fields, log

  std::string found(std::string_view check) const;  ///< the outcome of a check
  bool tagged(std::string_view tag) const;
  std::string told() const;  ///< for whoever reads a failed test
};

/// A case judged by the rules, behind a server of that kind. The site is victim.example, or the domain of whoever has
/// logged in.
Outcome judge(const Case& one, const std::string& zone, Server server, const std::string& rules);

}  // namespace postern::spoofing
