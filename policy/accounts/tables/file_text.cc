#include "policy/accounts/tables/file_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>

namespace postern::accounts {

namespace {

/// Closes a file descriptor at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Postfix locks lmdb: and hash: files with fcntl() while they change in place. A lock of the open file description meets
// those, and is not lost when another thread closes the same file.
bool lock_for_reading(int fd) {
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES);
}

}  // namespace

FileStamp stamp_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return {};
  const std::time_t now = std::time(nullptr);
  return {fmt::format("{}:{}:{}:{}.{}", static_cast<std::uint64_t>(st.st_dev), static_cast<std::uint64_t>(st.st_ino),
                      static_cast<std::int64_t>(st.st_size), static_cast<std::int64_t>(st.st_mtim.tv_sec),
                      static_cast<std::int64_t>(st.st_mtim.tv_nsec)),
          st.st_mtim.tv_sec >= now - 1 && st.st_mtim.tv_sec <= now};
}

std::optional<std::string> read_whole(const std::string& path, std::size_t most_bytes, FileTrouble& trouble) {
  const auto fail = [&](std::string why, bool missing = false, bool busy = false) {
    trouble = {std::move(why), missing, busy};
    return std::nullopt;
  };
  if (path.find('\0') != std::string::npos) return fail("the name holds a NUL byte");
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO must not hold us up
  if (file.get() < 0) return fail(std::strerror(errno), errno == ENOENT);
  struct stat st {};
  if (::fstat(file.get(), &st) != 0) return fail(std::strerror(errno));
  if (!S_ISREG(st.st_mode)) return fail("it is no regular file");
  if (!lock_for_reading(file.get())) return fail("somebody is writing it", false, true);
  const auto size = static_cast<std::size_t>(st.st_size);
  if (size > most_bytes) return fail(fmt::format("it is over {} MiB", most_bytes >> 20));
  std::string text(size + 1, '\0');  // one more, to see that it has not grown
  std::size_t got = 0;
  while (got < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + got, text.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(std::strerror(errno));
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  if (got != size) return fail("it changed while it was read", false, true);
  text.resize(size);
  return text;
}

}  // namespace postern::accounts
