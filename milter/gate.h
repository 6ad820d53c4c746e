#pragma once

#include <atomic>
#include <set>
#include <string>
#include <string_view>

#include "milter/admission.h"
#include "milter/fault_plan.h"
#include "milter/nudge.h"
#include "milter/policy_in_force.h"
#include "milter/test_switches.h"
#include "policy/base/guarded.h"
#include "policy/engine/services.h"

namespace postern {

/// What all milter sessions share. Built by the daemon, outlives every callback; all references outlive it.
struct Gate {
  Services& services;
  PolicyInForce& policy;
  Admission& admission;
  Nudge* nudge = nullptr;             ///< null: the test switch that shows why it is there
  std::atomic<bool> draining{false};  ///< new messages get 421 4.3.2
  TestSwitches test{};
  FaultPlan fault{};
  Guarded<std::set<std::string>> told{};  ///< what negotiation has complained of: once each
};

/// Tells libmilter of our callbacks; before smfi_opensocket. False when libmilter refuses.
bool register_callbacks();

/// What the callbacks serve from then on; before smfi_main. `gate` lives until detach(), which is for when no session
/// is open any more: one that comes then is turned away.
void attach(Gate& gate);
void detach();

}  // namespace postern
