#pragma once

#include <memory>
#include <string>

#include "policy/accounts/lookup.h"
#include "policy/accounts/tables/endpoint.h"

namespace postern::accounts {

/// A server of Postfix's TCP tables (tcp_table(5)): `get KEY`, answered by `200 VALUE`, `500 not found` or
/// `400 trouble`, where %XX stands for bytes. Lookup::value.
class TcpTable final : public Connector {
 public:
  /// The interrupt, where there is one, outlives this and all that it connects.
  explicit TcpTable(Endpoint server, const Interrupt* interrupt = nullptr)
      : server_(std::move(server)), interrupt_(interrupt) {}

  Result<std::unique_ptr<Backend>> connect(SteadyTime until) const override;
  bool has(Lookup lookup) const override { return lookup == Lookup::value; }
  std::string describe() const override;

 private:
  const Endpoint server_;
  const Interrupt* const interrupt_;
};

}  // namespace postern::accounts
