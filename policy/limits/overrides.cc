#include "policy/limits/overrides.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "policy/base/text.h"

namespace postern::limits {

namespace {

constexpr std::int64_t kMostBytes = std::int64_t{64} << 20;  // local
constexpr std::size_t kMostLineBytes = 2000;                 // local

std::string stamp_of(const struct stat& st) {
  return fmt::format("{}:{}:{}:{}.{}", static_cast<std::uint64_t>(st.st_dev), static_cast<std::uint64_t>(st.st_ino),
                     static_cast<std::int64_t>(st.st_size), static_cast<std::int64_t>(st.st_mtim.tv_sec),
                     static_cast<std::int64_t>(st.st_mtim.tv_nsec));
}

std::string stamp_of(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? stamp_of(st) : "none";
}

std::string told(const Error& error) {
  if (error.where.line == 0) return fmt::format("{}: {}", error.where.file, error.message);
  return fmt::format("{}:{}: {}", error.where.file, error.where.line, error.message);
}

}  // namespace

std::optional<Error> OverrideFile::read() {
  // The stamp is taken first: what is written while we read is then read again.
  struct stat st {};
  const bool there = ::stat(path_.c_str(), &st) == 0;
  const int why = errno;
  stamp_ = there ? stamp_of(st) : "none";
  const auto trouble = [&](std::string message, int line = 0) {
    return Error{.message = std::move(message), .where = {.file = path_, .line = line, .column = 0}};
  };
  if (!there) return trouble(std::strerror(why));
  if (!S_ISREG(st.st_mode)) return trouble("it is no regular file");
  if (st.st_size > kMostBytes) return trouble(fmt::format("it is over {} MiB", kMostBytes >> 20));
  std::ifstream file(path_, std::ios::binary);
  if (!file) return trouble(std::strerror(errno));

  auto table = std::make_shared<OverrideTable>();
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.size() > kMostLineBytes)
      return trouble(fmt::format("the line is over {} bytes long", kMostLineBytes), number);
    const std::string_view text = trim(std::string_view(line).substr(0, line.find('#')));
    if (text.empty()) continue;
    if (const auto wrong = table->add(text)) return trouble(*wrong, number);
  }
  if (file.bad()) return trouble("it cannot be read");
  table->finish();
  std::atomic_store(&table_, std::shared_ptr<const OverrideTable>(std::move(table)));
  return std::nullopt;
}

Result<std::shared_ptr<OverrideFile>> OverrideFile::open(const std::string& path) {
  const std::shared_ptr<OverrideFile> file(new OverrideFile(path));
  if (std::optional<Error> wrong = file->read()) return *std::move(wrong);
  return file;
}

std::optional<OverrideFile::Found> OverrideFile::find(std::string_view key, std::int64_t unix_time) const {
  return std::atomic_load(&table_)->find(key, unix_time);
}

bool OverrideFile::refresh() {
  const std::lock_guard lock(reading_);
  if (stamp_of(path_) == stamp_) return false;
  const std::optional<Error> wrong = read();
  problem_.with([&](std::string& problem) { problem = wrong ? told(*wrong) : std::string(); });
  return !wrong;
}

std::string OverrideFile::problem() const {
  return problem_.with([](const std::string& problem) { return problem; });
}

std::size_t OverrideFile::size() const { return std::atomic_load(&table_)->size(); }

}  // namespace postern::limits
