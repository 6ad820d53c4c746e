#include "config/later_rules.h"

#include <array>

namespace postern::config {

std::span<const std::string> later_rules() {
  static const auto kNames = std::to_array<std::string>({
      "inbound/dkim-fail",
      "inbound/dmarc-quarantine",
      "inbound/dmarc-reject",
      "inbound/dnsbl",
      "inbound/executable",
      "inbound/fake-bounce",
      "inbound/greylist",
      "inbound/message-format",
      "inbound/preflight",
      "inbound/spf-fail",
      "inbound/spf-softfail",
      "inbound/virus",
      "submission/behaviour",
      "submission/executable",
      "submission/message-format",
      "submission/virus",
  });
  return kNames;
}

}  // namespace postern::config
