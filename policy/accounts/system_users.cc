#include "policy/accounts/system_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "policy/accounts/tables/file_table.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kMostBuffer = 1 << 20;  // local
constexpr std::size_t kMostNameBytes = 256;   // LOGIN_NAME_MAX

bool may_log_in(std::string_view shell) {
  return !shell.ends_with("/nologin") && !shell.ends_with("/false") && !shell.ends_with("/true");
}

class Session final : public Backend {
 public:
  Session(const SystemUsersOptions& options, SystemUsers::GetUser get_user) : options_(options), get_user_(get_user) {}

  Reply ask(const Question& question, SteadyTime) override {
    if (!is_legal_key(question.key)) return Reply::absent();
    if (question.lookup == Lookup::login) return user(question.key);
    const auto is_ours = [&](const std::string& domain) { return ascii_iequals(domain, question.domain()); };
    if (std::none_of(options_.domains.begin(), options_.domains.end(), is_ours)) return Reply::absent();
    return user(std::string(question.local()));
  }

 private:
  Reply user(const std::string& name) const {
    // No user is called so, and a back end of NSS may take it for more than a name.
    if (name.empty() || name.size() > kMostNameBytes || name.find_first_of(":/\n\r\t *(),=\\") != std::string::npos)
      return Reply::absent();
    passwd user{};
    passwd* found = nullptr;
    std::string buffer(kFirstBuffer, '\0');
    int error = 0;
    while ((error = get_user_(name.c_str(), &user, buffer.data(), buffer.size(), &found)) == ERANGE &&
           buffer.size() < kMostBuffer)
      buffer.resize(buffer.size() * 4);
    if (error == ENOENT || error == ESRCH) return Reply::absent();  // getpwnam(3), NOTES
    if (error != 0) return Reply::failed(fmt::format("users of the system: {}", std::strerror(error)));
    if (found == nullptr || user.pw_uid < options_.first || user.pw_uid > options_.last) return Reply::absent();
    if (options_.shell && !may_log_in(user.pw_shell == nullptr ? "" : user.pw_shell)) return Reply::absent();
    const std::string_view gecos = user.pw_gecos == nullptr ? "" : user.pw_gecos;
    return Reply::found({Row{{{"login", user.pw_name}, {"name", std::string(gecos.substr(0, gecos.find(',')))}}}});
  }

  const SystemUsersOptions options_;
  const SystemUsers::GetUser get_user_;
};

}  // namespace

Result<std::unique_ptr<Backend>> SystemUsers::connect(SteadyTime) const {
  return std::unique_ptr<Backend>(std::make_unique<Session>(options_, get_user_));
}

}  // namespace postern::accounts
