#include "policy/base/geo.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <maxminddb.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "policy/base/geo_data.h"

namespace postern {

namespace {

constexpr off_t kMostBytes = off_t{256} << 20;  // local: the largest free one is a quarter of it

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

std::string stamp_of(const struct stat& st) {
  return fmt::format("{}:{}:{}:{}.{}", static_cast<std::uint64_t>(st.st_dev), static_cast<std::uint64_t>(st.st_ino),
                     static_cast<std::int64_t>(st.st_size), static_cast<std::int64_t>(st.st_mtim.tv_sec),
                     static_cast<std::int64_t>(st.st_mtim.tv_nsec));
}

std::string stamp_of(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 ? stamp_of(st) : "none";
}

/// Copies what is there, at most kMostBytes; how many bytes that were, or why it cannot be done.
std::optional<std::string> copy(int from, int to) {
  std::array<char, 65536> part{};
  off_t all = 0;
  for (;;) {
    const ssize_t n = ::read(from, part.data(), part.size());
    if (n == 0) return std::nullopt;
    if (n < 0) return std::strerror(errno);
    all += n;
    if (all > kMostBytes) return "it is over 256 MiB";
    if (::write(to, part.data(), static_cast<std::size_t>(n)) != n) return std::strerror(errno);
  }
}

/// The metadata is what libmaxminddb reads by itself, as deep as it goes. It stands within the last 128 KiB.
bool has_sane_metadata(int fd) {
  constexpr std::string_view kMarker = "\xab\xcd\xefMaxMind.com";
  constexpr off_t kTail = off_t{128} << 10;
  const off_t size = ::lseek(fd, 0, SEEK_END);
  std::string tail(static_cast<std::size_t>(std::min(size, kTail)), '\0');
  const ssize_t got = ::pread(fd, tail.data(), tail.size(), size - static_cast<off_t>(tail.size()));
  if (got != static_cast<ssize_t>(tail.size())) return false;
  const std::size_t at = tail.rfind(kMarker);
  return at != std::string::npos && geo::is_sane(std::string_view(tail).substr(at + kMarker.size()));
}

struct Socket {
  explicit Socket(const IpAddress& address) {
    if (address.is_v4()) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      std::memcpy(&v4->sin_addr, address.bytes().data(), 4);
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      std::memcpy(&v6->sin6_addr, address.bytes().data(), 16);
    }
  }
  sockaddr_storage storage{};
};

}  // namespace

/// What a file holds, in memory that nobody else can change.
struct GeoDatabase::Content {
  ~Content() {
    if (opened) MMDB_close(&database);
  }
  std::optional<geo::Value> find(const IpAddress& address, std::span<const std::string_view> keys) const {
    const Socket socket(address);
    int error = MMDB_SUCCESS;
    const MMDB_lookup_result_s result =
        MMDB_lookup_sockaddr(&database, reinterpret_cast<const sockaddr*>(&socket.storage), &error);
    if (error != MMDB_SUCCESS || !result.found_entry) return std::nullopt;
    const std::string_view section(reinterpret_cast<const char*>(database.data_section), database.data_section_size);
    return geo::find(section, result.entry.offset, keys);
  }

  MMDB_s database{};
  bool opened = false;
};

struct GeoDatabase::Read {
  std::shared_ptr<const Content> content;
  std::string trouble;
};

GeoDatabase::Read GeoDatabase::read() {
  const auto wrong = [&](std::string_view why) { return Read{nullptr, fmt::format("{}: {}", path_, why)}; };
  stamp_ = stamp_of(path_);
  const Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return wrong(std::strerror(errno));
  struct stat st {};
  if (::fstat(file.get(), &st) != 0) return wrong(std::strerror(errno));
  if (!S_ISREG(st.st_mode)) return wrong("it is no file");
  const Descriptor memory(::memfd_create("postern-geo", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return wrong(std::strerror(errno));
  if (const auto why = copy(file.get(), memory.get())) return wrong(*why);
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return wrong(std::strerror(errno));

  if (!has_sane_metadata(memory.get())) return wrong("it is no database of MaxMind's format");

  auto content = std::make_shared<Content>();
  // The library maps what it is given by name, and this is the name of our copy.
  const int status =
      MMDB_open(fmt::format("/proc/self/fd/{}", memory.get()).c_str(), MMDB_MODE_MMAP, &content->database);
  if (status != MMDB_SUCCESS) return wrong(MMDB_strerror(status));
  content->opened = true;
  return {std::move(content), {}};
}

Result<std::unique_ptr<GeoDatabase>> GeoDatabase::open(std::string path) {
  std::unique_ptr<GeoDatabase> database(new GeoDatabase(std::move(path)));
  Read read = database->read();
  if (!read.content) return Error{std::move(read.trouble), {}};
  database->content_ = std::move(read.content);
  return database;
}

GeoDatabase::~GeoDatabase() = default;

std::string GeoDatabase::country(const IpAddress& address) const {
  static constexpr std::array<std::string_view, 2> kKeys{"country", "iso_code"};
  const auto value = std::atomic_load(&content_)->find(address, kKeys);
  if (!value || value->type != geo::Type::text || value->bytes.size() != 2) return {};
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return std::all_of(value->bytes.begin(), value->bytes.end(), is_letter) ? std::string(value->bytes) : std::string();
}

std::string GeoDatabase::asn(const IpAddress& address) const {
  static constexpr std::array<std::string_view, 1> kKeys{"autonomous_system_number"};
  const auto value = std::atomic_load(&content_)->find(address, kKeys);
  if (!value || value->type == geo::Type::text || value->bytes.size() > 4) return {};
  std::uint32_t number = 0;
  for (const char c : value->bytes) number = number << 8 | static_cast<unsigned char>(c);
  return std::to_string(number);
}

std::vector<std::string> GeoDatabase::refresh() {
  if (stamp_of(path_) == stamp_) return {};
  Read read = this->read();
  if (!read.content) return {read.trouble};
  std::atomic_store(&content_, std::move(read.content));
  return {};
}

}  // namespace postern
