#pragma once

#include <optional>

#include "policy/base/stream.h"
#include "policy/notices/notifier.h"
#include "policy/notices/way.h"

namespace postern::notices {

/// Mail through an SMTP server, a message for each address. The reverse-path is null: what cannot be delivered comes
/// back to nobody.
class MailWay final : public Way {
 public:
  /// `interrupt` outlives this.
  MailWay(NotifyOptions::Mail options, const Interrupt& interrupt);

  std::string_view name() const override { return "mail"; }
  std::vector<std::string> addressees(const Incident& incident) const override { return incident.to; }
  Attempt tell(const Notice& notice, const std::string& addressee, SteadyTime until) override;

 private:
  const NotifyOptions::Mail options_;
  const Interrupt& interrupt_;
};

}  // namespace postern::notices
