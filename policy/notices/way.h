#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/notices/incident.h"

namespace postern::notices {

/// An incident on its way to people.
struct Notice {
  Incident incident;
  WallTime at{};
  std::string token;  ///< the same at each try, and of no other notice: letters and digits
};

/// What a try to tell came to.
struct Attempt {
  enum class Kind {
    told,
    again,    ///< later it may do
    refused,  ///< and will be
  };
  Kind kind = Kind::again;
  std::string problem;  ///< why not; holds no secret
};

/// One way of telling. For one thread at a time.
class Way {
 public:
  virtual ~Way() = default;
  /// "mail", "webhook", "command".
  virtual std::string_view name() const = 0;
  /// Whom tell() is to be called for, each for itself. Empty: nobody is told in this way.
  virtual std::vector<std::string> addressees(const Incident& incident) const = 0;
  /// Waits until `until` at most, and ends early when the Interrupt that it was made with is raised.
  virtual Attempt tell(const Notice& notice, const std::string& addressee, SteadyTime until) = 0;
};

}  // namespace postern::notices
