#include "config/later_rules.h"

#include <array>

namespace postern::config {

std::span<const std::string> later_rules() {
  static const auto kNames = std::to_array<std::string>({
      "inbound/callout",
      "inbound/dkim-fail",
      "inbound/dmarc-quarantine",
      "inbound/dmarc-reject",
      "inbound/dnsbl",
      "inbound/executable",
      "inbound/fake-bounce",
      "inbound/greylist",
      "inbound/message-format",
      "inbound/own-domain",
      "inbound/preflight",
      "inbound/spf-fail",
      "inbound/spf-softfail",
      "inbound/unknown-recipient",
      "inbound/virus",
      "submission/behaviour",
      "submission/executable",
      "submission/message-format",
      "submission/own-author",
      "submission/own-identity",
      "submission/unknown-recipient",
      "submission/virus",
  });
  return kNames;
}

}  // namespace postern::config
