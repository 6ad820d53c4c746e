#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/identity/identity.h"
#include "policy/base/clock.h"
#include "policy/base/counters.h"
#include "policy/base/text.h"
#include "policy/mail/address.h"
#include "policy/store/store.h"

/// Learning who sends as whom, before it is enforced: what would have been foreign is remembered, and proposed as grants.
namespace postern::accounts {

struct LearnOptions {
  std::chrono::days keep{30};  ///< how long after it was last seen
  std::size_t most = 200;      ///< addresses of one login, each member for itself
  LetterCase letters = LetterCase::fold;
};

/// Remembers in Space::observed_grant that `login` used the address as `member`. False where it is not remembered: it
/// cannot be compared, or the login has `most` others already (counts in accounts.learn.capped). Two at the same time may
/// count as one.
bool observe(store::Store& store, std::string_view login, Member member, const Mailbox& address, WallTime now,
             const LearnOptions& options, Counters* counters);

/// What was seen of one login, one address and one member.
struct Observation {
  std::string login;    ///< in the form in which logins are compared
  std::string address;  ///< … addresses
  Member member = Member::from;
  std::int64_t count = 0;
  std::chrono::sys_days first, last;
};
/// Of a listing of Space::observed_grant; what is none is passed over.
std::vector<Observation> observations(const std::vector<store::Store::Listed>& listed);

struct ProposeOptions {
  std::int64_t min_count = 3;    ///< what was seen less often is a mistake, or worse
  std::size_t whole_domain = 0;  ///< so many addresses of one domain become a grant for the domain; 0: never
};

/// The grants that the traffic needs, as part of an accounts.yaml: each with how many messages wanted it, from when to
/// when, and as what, in a comment. What is no longer needed once a domain is granted is left out.
std::string propose(const std::vector<Observation>& seen, const ProposeOptions& options);

}  // namespace postern::accounts
