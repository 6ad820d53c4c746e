#include "policy/accounts/tables/lmdb_pages.h"

#include <cstdint>
#include <cstring>
#include <optional>

namespace postern::accounts {

namespace {

// mdb.c of LMDB 0.9: struct MDB_page, MDB_node, MDB_meta, MDB_db, in the byte order and with the 64-bit words of the
// machine that wrote them. All numbers are offsets or sizes in bytes.
constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kPageHeader = 16;  // page number 8, padding 2, flags 2, lower 2, upper 2
constexpr std::size_t kFlags = 10, kLower = 12;
constexpr std::uint16_t kBranch = 0x01, kLeaf = 0x02, kOverflow = 0x04, kMeta = 0x08;
constexpr std::size_t kNodeHeader = 8;    // low 2, high 2, flags 2, size of the key 2
constexpr std::uint16_t kBigData = 0x01;  // the value stands on overflow pages; the node has the first one's number
constexpr std::uint16_t kSubData = 0x02, kDupData = 0x04;
// Of a meta page, behind its header: magic 4, version 4, address 8, map size 8, two MDB_db of 48, last page 8, commit 8.
constexpr std::size_t kPageSize = kPageHeader + 24, kMainFlags = kPageHeader + 24 + 48 + 4;
constexpr std::size_t kMainRoot = kPageHeader + 24 + 48 + 40, kCommit = kPageHeader + 24 + 96 + 8;
constexpr std::uint16_t kDupSort = 0x04;
constexpr std::uint64_t kNoPage = ~std::uint64_t{0};
constexpr int kMostDepth = 32;  // as LMDB's CURSOR_STACK

template <class Number>
std::optional<Number> read(std::string_view bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < sizeof(Number)) return std::nullopt;
  Number number{};
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

class Walk {
 public:
  Walk(std::string_view bytes, std::size_t page_size,
       const std::function<bool(std::string_view, std::string_view)>& entry)
      : bytes_(bytes), page_size_(page_size), left_(bytes.size() / page_size), entry_(entry) {}

  void page(std::uint64_t number, int depth) {
    // Each page has one parent: who comes to more pages than the file has goes in circles.
    if (depth > kMostDepth || left_-- == 0) return fail("its pages go in circles");
    const std::optional<std::string_view> page = at(number, 1);
    if (!page) return fail("a page lies beyond its end");
    const auto flags = *read<std::uint16_t>(*page, kFlags);
    const std::size_t lower = *read<std::uint16_t>(*page, kLower);
    const bool leaf = (flags & kLeaf) != 0;
    if ((flags & (kOverflow | kMeta)) != 0 || leaf == ((flags & kBranch) != 0) || lower < kPageHeader ||
        lower > page_size_)
      return fail("a page is no page");
    for (std::size_t slot = kPageHeader; slot + 2 <= lower && !over_; slot += 2)
      node(*page, *read<std::uint16_t>(*page, slot), leaf, depth);
  }

  const std::string& trouble() const { return trouble_; }

 private:
  void node(std::string_view page, std::size_t where, bool leaf, int depth) {
    if (where < kPageHeader || where + kNodeHeader > page.size()) return fail("an entry lies beyond its page");
    const std::uint64_t low = *read<std::uint16_t>(page, where), high = *read<std::uint16_t>(page, where + 2);
    const std::uint64_t flags = *read<std::uint16_t>(page, where + 4);
    const std::size_t key_bytes = *read<std::uint16_t>(page, where + 6);
    if (!leaf) return this->page(low | high << 16 | flags << 32, depth + 1);
    const std::string_view rest = page.substr(where + kNodeHeader);
    if (key_bytes > rest.size()) return fail("a key is longer than its page");
    if ((flags & (kSubData | kDupData)) != 0) return fail("it holds databases of its own, and is no table");
    const std::optional<std::string_view> value =
        value_of(rest.substr(key_bytes), static_cast<std::size_t>(low | high << 16), (flags & kBigData) != 0);
    if (!value) return fail("a value lies beyond its page");
    if (!entry_(rest.substr(0, key_bytes), *value)) over_ = true;
  }

  std::optional<std::string_view> value_of(std::string_view rest, std::size_t size, bool big) const {
    if (!big) return size <= rest.size() ? std::optional(rest.substr(0, size)) : std::nullopt;
    const auto first = read<std::uint64_t>(rest, 0);
    if (!first) return std::nullopt;
    const std::size_t pages = (kPageHeader + size + page_size_ - 1) / page_size_;
    const std::optional<std::string_view> run = at(*first, pages);
    return run ? std::optional(run->substr(kPageHeader, size)) : std::nullopt;
  }

  std::optional<std::string_view> at(std::uint64_t number, std::size_t pages) const {
    const std::size_t all = bytes_.size() / page_size_;
    if (number >= all || pages > all - number) return std::nullopt;
    return bytes_.substr(static_cast<std::size_t>(number) * page_size_, pages * page_size_);
  }

  void fail(const char* why) {
    if (trouble_.empty()) trouble_ = why;
    over_ = true;
  }

  const std::string_view bytes_;
  const std::size_t page_size_;
  std::size_t left_;
  const std::function<bool(std::string_view, std::string_view)>& entry_;
  bool over_ = false;
  std::string trouble_;
};

/// Whether a meta page stands at `at`; LMDB writes its two in turn.
bool is_meta(std::string_view bytes, std::size_t at) {
  return read<std::uint32_t>(bytes, at + kPageHeader) == kMagic && read<std::uint64_t>(bytes, at + kCommit).has_value();
}

}  // namespace

std::string walk_lmdb(std::string_view bytes, const std::function<bool(std::string_view, std::string_view)>& entry) {
  if (!is_meta(bytes, 0)) return "it is no LMDB file";
  if (read<std::uint32_t>(bytes, kPageHeader + 4) != kVersion) return "it is of another version of LMDB";
  const std::size_t page_size = *read<std::uint32_t>(bytes, kPageSize);
  if (page_size < 512 || page_size > 65536 || (page_size & (page_size - 1)) != 0 || !is_meta(bytes, page_size))
    return "its first pages are broken";
  const bool second = *read<std::uint64_t>(bytes, page_size + kCommit) > *read<std::uint64_t>(bytes, kCommit);
  const std::string_view meta = bytes.substr(second ? page_size : 0);
  if ((*read<std::uint16_t>(meta, kMainFlags) & kDupSort) != 0) return "it holds several values a key, and is no table";
  const auto root = *read<std::uint64_t>(meta, kMainRoot);
  if (root == kNoPage) return {};
  Walk walk(bytes, page_size, entry);
  walk.page(root, 0);
  return walk.trouble();
}

}  // namespace postern::accounts
