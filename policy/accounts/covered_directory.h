#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/accounts/directory.h"
#include "policy/dns/domain.h"

namespace postern::accounts {

/// A directory that knows some domains alone: about addresses of others, and logins with another domain, it is never
/// asked. So what it does not know there is no reason to say that nobody does.
class CoveredDirectory final : public Directory {
 public:
  CoveredDirectory(std::shared_ptr<Directory> directory, std::vector<Domain> domains)
      : directory_(std::move(directory)), domains_(std::move(domains)) {}

  std::string_view name() const override { return directory_->name(); }
  Answer login(std::string_view login, const Deadline& deadline) override;
  Answer address(std::string_view local, std::string_view domain, const Deadline& deadline) override;
  std::optional<std::string> login_of_system_user(std::string_view user) const override {
    return directory_->login_of_system_user(user);
  }
  std::vector<std::string> refresh() override { return directory_->refresh(); }
  std::string trouble() const override { return directory_->trouble(); }

 private:
  bool covers(std::string_view domain) const;

  const std::shared_ptr<Directory> directory_;
  const std::vector<Domain> domains_;
};

}  // namespace postern::accounts
