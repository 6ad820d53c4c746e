#include "policy/rules/file_list.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "policy/base/text.h"

namespace postern::rules {

namespace {

constexpr std::size_t kMaxEntries = 5'000'000;  // local: some 500 MB
constexpr std::size_t kMaxLineBytes = 2000;     // local

std::string stamp_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return "none";
  return fmt::format("{}:{}:{}:{}.{}", static_cast<std::uint64_t>(st.st_dev), static_cast<std::uint64_t>(st.st_ino),
                     static_cast<std::int64_t>(st.st_size), static_cast<std::int64_t>(st.st_mtim.tv_sec),
                     static_cast<std::int64_t>(st.st_mtim.tv_nsec));
}

}  // namespace

FileEntries::Read FileEntries::read() {
  // The stamp is taken first: what is written while we read is then read again.
  stamp_ = stamp_of(path_);
  struct stat st {};
  if (::stat(path_.c_str(), &st) != 0)
    return {nullptr, fmt::format("{}: {}", path_, std::strerror(errno)), errno == ENOENT};
  if (!S_ISREG(st.st_mode)) return {nullptr, fmt::format("{} is no file", path_), false};
  std::ifstream file(path_);
  if (!file) return {nullptr, fmt::format("{}: {}", path_, std::strerror(errno)), false};
  auto entries = std::make_shared<ListEntries>();
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::string_view text = line;
    if (text.size() > kMaxLineBytes)
      return {nullptr, fmt::format("{}:{}: the line is over {} bytes long", path_, number, kMaxLineBytes), false};
    text = trim(text.substr(0, text.find('#')));
    if (text.empty()) continue;
    if (const auto trouble = entries->add(text))
      return {nullptr, fmt::format("{}:{}: {}", path_, number, *trouble), false};
    if (entries->size() > kMaxEntries)
      return {nullptr, fmt::format("{} has over {} entries", path_, kMaxEntries), false};
  }
  if (file.bad()) return {nullptr, fmt::format("{}: {}", path_, std::strerror(errno)), false};
  return {std::move(entries), {}, false};
}

void FileEntries::load(const Place& where, Problems& problems) {
  Read read = this->read();
  if (read.missing) {
    problems.warning(where, read.trouble, "the list is unavailable until the file is there");
  } else if (!read.entries) {
    problems.error(where, read.trouble);
  }
  std::atomic_store(&entries_, std::move(read.entries));
}

std::vector<std::string> FileEntries::refresh() {
  if (stamp_of(path_) == stamp_) return {};
  Read read = this->read();
  if (!read.entries) return {read.trouble};
  std::atomic_store(&entries_, std::move(read.entries));
  return {};
}

}  // namespace postern::rules
