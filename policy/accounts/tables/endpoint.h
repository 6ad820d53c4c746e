#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "policy/base/ip.h"
#include "policy/base/result.h"
#include "policy/base/stream.h"

namespace postern::accounts {

/// Where a server of a line protocol listens: `inet:127.0.0.1:8891`, `inet:[::1]:8891`, `unix:/run/server.sock`.
struct Endpoint {
  std::string path;  ///< of a Unix socket; empty: address and port
  std::optional<IpAddress> address;
  std::uint16_t port = 0;

  /// Host names other than localhost are no endpoint: to resolve them may block, and whoever answers DNS would then
  /// answer for accounts. An Error has an empty place.
  static Result<Endpoint> parse(std::string_view text);
  std::string text() const;
  Connection connect(SteadyTime until, const Interrupt* interrupt) const;
};

}  // namespace postern::accounts
