#include "policy/store/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "policy/base/text.h"
#include "policy/store/schema.h"

namespace postern::store::file {

namespace {

using sqlite::Connection;
using sqlite::Status;

constexpr std::size_t kKeptAside = 3;  // local
constexpr std::string_view kAside = ".corrupt-";
constexpr std::array<const char*, 3> kSuffixes{"-wal", "-shm", ""};  // the file itself last: only then is it gone

Opened trouble(std::string problem) { return {Status::trouble, std::move(problem), {}}; }

/// SQLite gives its files beside it the mode that the file has when it makes them.
void make_side_files_private(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm"}) {
    struct stat status {};
    const std::string side = path + suffix;
    if (::lstat(side.c_str(), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0777) != 0600)
      static_cast<void>(::chmod(side.c_str(), 0600));
  }
}

std::string make_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
  if (fd < 0) return fmt::format("cannot open {}: {}", path, std::strerror(errno));
  struct stat status {};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  if (regular && (status.st_mode & 0777) != 0600) static_cast<void>(::fchmod(fd, 0600));
  ::close(fd);
  make_side_files_private(path);
  return regular ? "" : fmt::format("{} is no regular file", path);
}

std::int64_t seconds(WallTime wall) {
  return std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count();
}

/// The names PATH.corrupt-NUMBER in the order of their numbers.
std::vector<std::pair<std::uint64_t, std::string>> aside(const std::string& path) {
  const std::filesystem::path whole(path);
  const std::string begin = whole.filename().string() + std::string(kAside);
  std::vector<std::pair<std::uint64_t, std::string>> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at(whole.parent_path().empty() ? "." : whole.parent_path(), error), end;
       !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(begin)) continue;
    const std::string number = name.substr(begin.size());
    if (number.empty() || number.size() > 18 || number.find_first_not_of("0123456789") != std::string::npos) continue;
    found.emplace_back(std::stoull(number), at->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

void forget_oldest(const std::string& path) {
  auto found = aside(path);
  for (std::size_t i = 0; i + kKeptAside < found.size(); ++i) {
    for (const char* suffix : kSuffixes) ::unlink((found[i].second + suffix).c_str());
  }
}

Status open_here(const std::string& path, Connection& connection, schema::Found& found) {
  found = schema::Found::trouble;
  Status status = connection.open(path, sqlite::Mode::write);
  if (status == Status::corrupt) found = schema::Found::foreign;
  if (status != Status::ok) return status;
  found = schema::look(connection);
  if (found == schema::Found::empty) status = schema::make(connection);
  if (found == schema::Found::empty || found == schema::Found::ours) {
    if (status == Status::ok) status = schema::prepare_to_write(connection);
    if (status == Status::corrupt) found = schema::Found::foreign;
  }
  return status;
}

std::string_view why_not(schema::Found found) {
  return found == schema::Found::newer ? "it is of a later version" : "it is no store of ours, or broken";
}

}  // namespace

Opened open(const std::string& path, WallTime wall, Connection& connection) {
  Opened opened;
  for (int attempt = 0;; ++attempt) {
    if (std::string problem = make_private(path); !problem.empty()) return trouble(std::move(problem));
    schema::Found found{};
    const Status status = open_here(path, connection, found);
    const bool usable = found == schema::Found::ours || found == schema::Found::empty;
    if (usable && status == Status::ok) return opened;
    const std::string said = connection.problem();
    connection.close();
    if (usable || found == schema::Found::trouble || attempt > 0)
      return trouble(fmt::format("cannot use {}: {}", path, said));
    opened.notice = move_aside(path, why_not(found), wall);
    if (opened.notice.empty()) return trouble(fmt::format("{}: {}, and it cannot be renamed", path, why_not(found)));
  }
}

Identity identity(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

std::string move_aside(const std::string& path, std::string_view why, WallTime wall) {
  const auto before = aside(path);
  std::uint64_t number = static_cast<std::uint64_t>(std::max<std::int64_t>(seconds(wall), 0));
  if (!before.empty()) number = std::max(number, before.back().first + 1);  // twice in a second, or a clock set back
  const std::string target = fmt::format("{}{}{}", path, kAside, number);
  for (const char* suffix : kSuffixes) {
    if (::rename((path + suffix).c_str(), (target + suffix).c_str()) != 0 && *suffix == '\0') return {};
  }
  forget_oldest(path);
  return fmt::format("{}: {}; moved to {}, an empty one was begun", path, printable(why), target);
}

}  // namespace postern::store::file
