#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/mail/authentication_results.h"
#include "policy/mail/reply.h"

namespace postern {

/// Does an outcome say that the check itself could not be done?
enum class Failure { no, yes };

/// One word a check may answer. Tables of these are constexpr and the single source of configuration, documentation and
/// tests.
struct Outcome {
  std::string_view name;  ///< "null-mx", as rules and logs write it
  ReplyText reply;        ///< what a rule says when it names none; code 0: a rule must find its own words
  std::string_view rfc;   ///< where it comes from
  Failure failure = Failure::no;
};

/// A reply that goes with one finding, where the outcome's own says too little.
struct OwnReply {
  int code = 451;
  Detail status{};
  std::string text;
  /// Waiting does not help: a rule that defers for this alone refuses for good.
  bool for_good = false;
};

/// What a check found: one of its outcomes, and why, in words for the log (may hold hostile text).
struct Finding {
  const Outcome* outcome = nullptr;
  std::string reason;
  /// Values of the facts that hang on this check (FactDoc::of_check), by what stands behind their dot:
  /// {"tier", "gold"} for `account.tier`. One name may stand several times.
  std::vector<std::pair<std::string, std::string>> facts = {};
  /// Of the identity: the author was judged, and the account may be signed for as him.
  bool vouched = false;
  /// What an Authentication-Results field says of it, of a check that is a method of RFC 8601 2.7.
  std::vector<AuthenticationResult> results = {};
  std::optional<OwnReply> reply = {};
  bool facts_unsure = false;  ///< one that is missing in `facts` may only not have been told
  /// What it rests on stands in for something that could not be had: no rule may refuse for good, or drop mail, for it.
  bool only_for_now = false;
};

/// When a fact becomes known.
enum class Stage { connect, helo, sender, recipient, headers, body, end };
std::string_view name(Stage stage);

/// Is a fact the message's, or one recipient's (LANGUAGE 6)?
enum class Scope { message, recipient };

/// What a rule does while an answer that it needs has failed (LANGUAGE 5).
enum class Unavailable { skip, defer };

/// A check as the rules see it: a fact whose values are its outcomes.
struct CheckDecl {
  std::string name;
  Stage stage = Stage::sender;
  Scope scope = Scope::message;
  std::span<const Outcome> outcomes;
  Unavailable unavailable = Unavailable::skip;
  /// Decided for each recipient, but not because of that one: what rests on it refuses the message (LANGUAGE 6).
  bool of_message = false;

  /// Does it tell one recipient from another?
  bool tells_recipients_apart() const { return scope == Scope::recipient && !of_message; }
};

}  // namespace postern
