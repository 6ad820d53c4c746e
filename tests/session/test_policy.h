#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/engine/policy.h"

namespace postern::session {

/// A condition of the test's policies: one fact, so that the model can say its truth without an evaluator.
enum class Atom {
  always,
  client_bad,
  helo_bad,
  sender_bad,
  sender_soft,
  authenticated,
  recipient_bad,
  recipient_soft,
  recipient_other,
  header_spam,
  large,  ///< over kLargeBytes
  domain_unusable,
  domain_gone,
  domain_null_mx,
  domain_unavailable,
};
constexpr std::uint64_t kLargeBytes = 20'000;

struct PolicyRule {
  enum class Does { reject, defer, quarantine, discard, accept, mark };
  std::string name;
  Atom atom = Atom::always;
  Does does = Does::reject;
  std::string reply = {};       ///< of a refusal, "550 5.7.11"
  bool inbound_only = false;    ///< and only for mail from outside
  bool not_postmaster = false;  ///< and not for the postmaster
  bool monitored = false;
};

/// A policy that the model understands: the configuration and what its rules are.
struct TestPolicy {
  std::string name;
  std::string text;
  std::vector<PolicyRule> rules;
  bool at_sender = false;
  bool standing_edits = false;  ///< it has an authentication check
  std::string split = {};       ///< the site's own; empty: by direction
  std::shared_ptr<const Policy> compiled = nullptr;

  bool monitor() const { return compiled->mode == Mode::monitor; }
};

/// One that refuses at each step, some that hold, drop, mark and split, and the preset for mail from outside. All over
/// the site mx.site.test with the domain site.test.
std::vector<TestPolicy> test_policies();

}  // namespace postern::session
