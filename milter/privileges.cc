#include "milter/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace postern {

Result<bool> become(const std::string& user) {
  std::array<char, 16'384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return Error{fmt::format("there is no user \"{}\"", user), {}};
  }
  const bool done = initgroups(user.c_str(), entry.pw_gid) == 0 &&
                    setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid) == 0 &&
                    setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid) == 0;
  if (!done) return Error{fmt::format("cannot become user \"{}\": {}", user, std::strerror(errno)), {}};
  if (entry.pw_uid != 0 && setuid(0) == 0) return Error{fmt::format("user \"{}\" can still become root", user), {}};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return Error{fmt::format("cannot give up privileges: {}", std::strerror(errno)), {}};
  return true;
}

bool is_root() { return geteuid() == 0; }

std::size_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace postern
