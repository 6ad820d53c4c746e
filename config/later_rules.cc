#include "config/later_rules.h"

#include <array>

namespace postern::config {

std::span<const std::string> later_rules() {
  static const auto kNames = std::to_array<std::string>({
      "inbound/dnsbl",
      "inbound/executable",
      "inbound/fake-bounce",
      "inbound/greylist",
      "inbound/message-format",
      "inbound/virus",
      "submission/behaviour",
      "submission/executable",
      "submission/message-format",
      "submission/virus",
  });
  return kNames;
}

}  // namespace postern::config
