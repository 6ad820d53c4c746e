#pragma once

#include <memory>
#include <string>

#include "policy/accounts/lookup.h"
#include "policy/accounts/tables/endpoint.h"

namespace postern::accounts {

/// A server of the socketmap protocol (socketmap_table(5)): netstrings `NAME SP KEY`, answered by `OK SP VALUE`,
/// `NOTFOUND SP`, and `TEMP`, `TIMEOUT`, `PERM` with a reason. Lookup::value.
class Socketmap final : public Connector {
 public:
  /// `map` is what the server calls the table: without blanks. The interrupt, where there is one, outlives this and all
  /// that it connects.
  Socketmap(Endpoint server, std::string map, const Interrupt* interrupt = nullptr)
      : server_(std::move(server)), map_(std::move(map)), interrupt_(interrupt) {}

  Result<std::unique_ptr<Backend>> connect(SteadyTime until) const override;
  bool has(Lookup lookup) const override { return lookup == Lookup::value; }
  std::string describe() const override;

 private:
  const Endpoint server_;
  const std::string map_;
  const Interrupt* const interrupt_;
};

}  // namespace postern::accounts
