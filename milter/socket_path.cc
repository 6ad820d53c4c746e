#include "milter/socket_path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "milter/connect.h"

namespace postern {

namespace {

Error error(const std::string& path, std::string_view what) { return Error{fmt::format("{}: {}", path, what), {}}; }
std::string reason() { return std::strerror(errno); }

Result<FileDescriptor> lock_beside(const std::string& path) {
  const std::string name = path + ".lock";
  FileDescriptor lock(open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock) return error(name, reason());
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return error(path, errno == EWOULDBLOCK ? "another postern serves this socket (its lock is held)" : reason());
  }
  return lock;
}

}  // namespace

void FileDescriptor::reset(int fd) {
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
}

Result<FileDescriptor> claim_socket_path(const std::string& path) {
  Result<FileDescriptor> lock = lock_beside(path);
  if (!lock) return lock;
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return lock;
    return error(path, reason());
  }
  if (S_ISLNK(found.st_mode)) return error(path, "is a symbolic link; name the socket itself");  // FAULTS T11
  if (!S_ISSOCK(found.st_mode)) return error(path, "exists and is no socket");
  const FileDescriptor peer(connect_to(path, true));
  if (peer) return error(path, "another program serves this socket");
  if (errno != ECONNREFUSED) return error(path, reason());
  if (unlink(path.c_str()) != 0) return error(path, reason());
  return lock;
}

Result<bool> give_to_group(const std::string& path, const std::string& group) {
  if (group.empty()) return true;
  std::array<char, 16'384> buffer{};
  struct group entry {};
  struct group* found = nullptr;
  if (getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return error(path, fmt::format("there is no group \"{}\"", group));
  }
  if (lchown(path.c_str(), static_cast<uid_t>(-1), entry.gr_gid) != 0)
    return error(path, fmt::format("cannot be given to group {}: {}", group, reason()));
  return true;
}

Result<bool> give_to_user(const std::string& path, const std::string& user) {
  std::array<char, 16'384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return error(path, fmt::format("there is no user \"{}\"", user));
  }
  if (lchown(path.c_str(), entry.pw_uid, static_cast<gid_t>(-1)) != 0)
    return error(path, fmt::format("cannot be given to user {}: {}", user, reason()));
  return true;
}

SocketMode::SocketMode(unsigned mode) : old_(umask(~mode & 0777U)) {}

SocketMode::~SocketMode() { umask(old_); }

}  // namespace postern
