#include "policy/accounts/tables/cdb_table.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kHeaderBytes = 2048;  // 256 pairs of a table's position and its number of slots
constexpr std::size_t kSlotBytes = 8;       // a hash, and the position of a record
constexpr std::size_t kRecordBytes = 8;     // the lengths of key and value, which follow

std::uint32_t hash_of(std::string_view key) {
  std::uint32_t hash = 5381;
  for (const char c : key) hash = ((hash << 5) + hash) ^ static_cast<unsigned char>(c);
  return hash;
}

class CdbTable final : public TableContent {
 public:
  CdbTable(std::string name, std::string bytes) : name_(std::move(name)), bytes_(std::move(bytes)) {}

  Reply find(std::string_view key) const override {
    std::string folded = fold(key);
    std::string_view value;
    Found found = look_up(folded, value);
    if (found == Found::no) {
      folded += '\0';
      found = look_up(folded, value);
    }
    switch (found) {
      case Found::no: return Reply::absent();
      case Found::broken: return Reply::failed(name_ + " is broken");
      case Found::yes: break;
    }
    if (value.ends_with('\0')) value.remove_suffix(1);
    if (value.size() > kMostRowBytes) return Reply::failed(name_ + " holds a value over 1 MiB");
    return Reply::value(std::string(value));
  }

  bool is_whole() const {
    for (std::size_t table = 0; table < kHeaderBytes; table += kSlotBytes) {
      if (!slots_fit(*number(table), *number(table + 4))) return false;
    }
    return true;
  }

 private:
  enum class Found { yes, no, broken };

  std::optional<std::uint32_t> number(std::size_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes_[at + i]);
    return value;
  }

  bool slots_fit(std::size_t at, std::size_t slots) const {
    return at <= bytes_.size() && slots <= (bytes_.size() - at) / kSlotBytes;
  }

  Found look_up(std::string_view key, std::string_view& value) const {
    const std::uint32_t hash = hash_of(key);
    const std::size_t table = *number((hash % 256) * kSlotBytes), slots = *number((hash % 256) * kSlotBytes + 4);
    if (!slots_fit(table, slots)) return Found::broken;
    for (std::size_t i = 0; i < slots; ++i) {
      const std::size_t slot = table + ((hash >> 8) % slots + i) % slots * kSlotBytes;
      const std::size_t record = *number(slot + 4);
      if (record == 0) return Found::no;
      if (*number(slot) != hash) continue;
      const auto key_bytes = number(record), value_bytes = number(record + 4);
      if (!key_bytes || !value_bytes) return Found::broken;
      const std::string_view rest = std::string_view(bytes_).substr(record + kRecordBytes);
      if (*key_bytes > rest.size() || *value_bytes > rest.size() - *key_bytes) return Found::broken;
      if (rest.substr(0, *key_bytes) != key) continue;
      value = rest.substr(*key_bytes, *value_bytes);
      return Found::yes;
    }
    return Found::no;
  }

  const std::string name_;
  const std::string bytes_;
};

}  // namespace

std::shared_ptr<const TableContent> read_cdb_table(const std::string& name, const std::string& bytes,
                                                   Problems& problems) {
  if (bytes.size() >= kHeaderBytes) {
    auto table = std::make_shared<CdbTable>(name, bytes);
    if (table->is_whole()) return table;
  }
  problems.error({name, 0, 0}, "it is no cdb file, or a broken one", "postmap cdb: makes it");
  return nullptr;
}

}  // namespace postern::accounts
