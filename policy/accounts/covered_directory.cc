#include "policy/accounts/covered_directory.h"

#include <algorithm>

namespace postern::accounts {

bool CoveredDirectory::covers(std::string_view domain) const {
  const auto wanted = Domain::parse(domain);
  return wanted && std::find(domains_.begin(), domains_.end(), *wanted) != domains_.end();
}

Answer CoveredDirectory::login(std::string_view login, const Deadline& deadline) {
  const std::size_t at = login.rfind('@');
  if (at != std::string_view::npos && !covers(login.substr(at + 1))) return {};
  return directory_->login(login, deadline);
}

Answer CoveredDirectory::address(std::string_view local, std::string_view domain, const Deadline& deadline) {
  if (!covers(domain)) return {};
  return directory_->address(local, domain, deadline);
}

}  // namespace postern::accounts
