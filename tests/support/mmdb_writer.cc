#include "tests/support/mmdb_writer.h"

#include <array>
#include <cstddef>

#include "policy/base/ip.h"

namespace postern::test {

namespace {

constexpr int kUint16 = 5, kUint32 = 6, kMap = 7;
constexpr int kUtf8 = 2;

std::string control(int type, std::size_t size) {
  if (size < 29) return {static_cast<char>(type << 5 | static_cast<int>(size))};
  return {static_cast<char>(type << 5 | 29), static_cast<char>(size - 29)};  // below 285
}

std::string big_endian(int type, std::uint32_t value, std::size_t bytes) {
  std::string out = control(type, bytes);
  for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i));
  return out;
}

}  // namespace

MmdbWriter::MmdbWriter() : nodes_(1) {}

std::string MmdbWriter::text(std::string_view value) { return control(kUtf8, value.size()) + std::string(value); }
std::string MmdbWriter::number(std::uint32_t value) { return big_endian(kUint32, value, 4); }

std::string MmdbWriter::map(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out = control(kMap, entries.size());
  for (const auto& [key, value] : entries) out += text(key) + value;
  return out;
}

void MmdbWriter::add(std::string_view network, std::string_view country, std::uint32_t asn) {
  std::vector<std::pair<std::string, std::string>> entries;
  if (!country.empty()) entries.emplace_back("country", map({{"iso_code", text(country)}}));
  if (asn != 0) entries.emplace_back("autonomous_system_number", number(asn));
  add_raw(network, map(entries));
}

void MmdbWriter::add_raw(std::string_view network, std::string_view data) {
  const std::size_t slash = network.find('/');
  const IpAddress address = *IpAddress::parse(network.substr(0, slash));
  std::size_t length = std::stoul(std::string(network.substr(slash + 1)));
  std::array<std::uint8_t, 16> bytes = address.bytes();
  if (address.is_v4()) {
    bytes = {};
    for (std::size_t i = 0; i < 4; ++i) bytes[12 + i] = address.bytes()[i];
    length += 96;
  }
  const auto offset = static_cast<std::int64_t>(data_.size());
  data_ += data;
  std::size_t node = 0;
  for (std::size_t i = 0; i < length; ++i) {
    const int bit = bytes[i / 8] >> (7 - i % 8) & 1;
    if (i + 1 == length) {
      nodes_[node].next[bit] = -(offset + 2);
      return;
    }
    if (nodes_[node].next[bit] < 0) {
      nodes_[node].next[bit] = static_cast<std::int64_t>(nodes_.size());
      nodes_.emplace_back();
    }
    node = static_cast<std::size_t>(nodes_[node].next[bit]);
  }
}

std::string MmdbWriter::bytes() const {
  const auto count = static_cast<std::int64_t>(nodes_.size());
  std::string out;
  for (const Node& node : nodes_) {
    for (const std::int64_t next : node.next) {
      const std::int64_t record = next >= 0 ? next : next == -1 ? count : count + 16 - (next + 2);
      for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(record >> shift);
    }
  }
  out += std::string(16, '\0') + data_ +
         "\xab\xcd\xef"
         "MaxMind.com";
  return out + map({{"node_count", number(static_cast<std::uint32_t>(count))},
                    {"record_size", big_endian(kUint16, 24, 2)},
                    {"ip_version", big_endian(kUint16, 6, 2)},
                    {"database_type", text("Test")},
                    {"languages", std::string("\x00\x04", 2)},
                    {"binary_format_major_version", big_endian(kUint16, 2, 2)},
                    {"binary_format_minor_version", big_endian(kUint16, 0, 2)},
                    {"build_epoch", std::string("\x04\x02\x00\x00\x00\x01", 6)},
                    {"description", map({})}});
}

}  // namespace postern::test
