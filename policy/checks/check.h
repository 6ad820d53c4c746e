#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/settings.h"
#include "policy/evidence/context.h"
#include "policy/rules/outcome.h"

namespace postern {

/// When a check is begun: as soon as its inputs are known, or when a rule wants it.
enum class Start { early, on_demand };

/// What a check may put behind itself when its configuration comes into force.
struct Workshop {
  const Site& site;
  dns::Resolver& dns;  ///< outlives what is made, like the next three
  store::Store& store;
  Clock& clock;
  Counters& counters;
  Backends& made;
};

/// A check with its settings. run() answers one of the outcomes of its type, always; what it could not find out in time
/// is its outcome marked Failure::yes. Immutable, thread-safe.
class Check {
 public:
  virtual ~Check() = default;
  virtual Finding run(const Context& context) const = 0;
  /// Makes what it asks beside DNS and the directories, which are there already.
  virtual void equip(const Workshop&) const {}
  /// Directories that its settings name, and where.
  struct Named {
    std::string name;
    Place where;
  };
  virtual std::vector<Named> directories() const { return {}; }
};

/// The plain description of a check, one constexpr value in its file. `build` asks for every setting once; the common
/// ones (`timeout`, `unavailable`) are asked for by the registry.
struct CheckType {
  std::string_view name;
  std::string_view settings = {};  ///< the check whose settings it shares; empty: its own
  Stage stage = Stage::sender;
  Scope scope = Scope::message;
  Start start = Start::early;
  std::span<const Outcome> outcomes;
  Unavailable unavailable = Unavailable::skip;  ///< the default of the setting of that name (FAULTS 3)
  std::chrono::milliseconds timeout{8000};      ///< the default of the setting of that name
  int questions = 20;                           ///< DNS questions it may ask for one message; 0: it asks none
  bool method = false;                          ///< of RFC 8601 2.7: its Finding::results stand in our field
  bool of_message = false;                      ///< CheckDecl::of_message
  bool evidence = false;                        ///< it asks Evidence, which has questions of its own
  std::unique_ptr<const Check> (*build)(Settings& settings);
};

}  // namespace postern
