#pragma once

#include <memory>
#include <string>

#include "policy/accounts/lookup.h"
#include "policy/accounts/tables/endpoint.h"

namespace postern::accounts {

/// Dovecot's auth service, asked for users over its userdb socket (`auth-userdb`, `auth-master`): whatever userdb
/// Dovecot has, without a query to write. Both lookups ask `USER` with the key as it is; Dovecot's own
/// auth_username_format makes one of eva@acme.example and eva.
///
/// A row has the field `login`, which is the user as Dovecot calls it, and behind it the fields of the userdb in lower
/// case; a field without a value is "yes", and fields with "pass" in their name are left out. Dovecot's fields are the
/// site's own (`userdb_tier=gold`).
class Dovecot final : public Connector {
 public:
  /// The interrupt, where there is one, outlives this and all that it connects.
  explicit Dovecot(Endpoint server, std::string service = "smtp", const Interrupt* interrupt = nullptr)
      : server_(std::move(server)), service_(std::move(service)), interrupt_(interrupt) {}

  Result<std::unique_ptr<Backend>> connect(SteadyTime until) const override;
  bool has(Lookup lookup) const override { return lookup != Lookup::value; }
  std::string describe() const override;

 private:
  const Endpoint server_;
  const std::string service_;
  const Interrupt* const interrupt_;
};

}  // namespace postern::accounts
