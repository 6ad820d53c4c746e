#include "policy/accounts/secret_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace postern::accounts {

namespace {

constexpr std::size_t kMostBytes = 1024;  // local

}  // namespace

Result<std::string> read_secret(const std::string& path) {
  const auto wrong = [&](std::string_view why) { return Error{fmt::format("{}: {}", path, why), {}}; };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return wrong(std::strerror(errno));
  struct stat status {};
  std::array<char, kMostBytes + 1> bytes;
  const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  const ssize_t n = regular ? read(fd, bytes.data(), bytes.size()) : -1;
  close(fd);
  if (!regular) return wrong("is no regular file");
  if ((status.st_mode & S_IRWXO) != 0) return wrong("everybody may read or write it; chmod o= is needed");
  if (n < 0) return wrong("cannot be read");
  std::string_view text(bytes.data(), static_cast<std::size_t>(n));
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return wrong("has no password in its first line");
  if (text.size() > kMostBytes) return wrong("its first line is too long");
  return std::string(text);
}

}  // namespace postern::accounts
