#include "policy/accounts/tables/lmdb_table.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "policy/accounts/tables/lmdb_pages.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

class LmdbTable final : public TableContent {
 public:
  Reply find(std::string_view key) const override {
    const auto found = values_.find(fold(key));
    return found == values_.end() ? Reply::absent() : Reply::value(found->second);
  }
  void add(std::string_view key, std::string_view value) {
    for (std::string_view* text : {&key, &value}) {
      if (text->ends_with('\0')) text->remove_suffix(1);
    }
    bytes_ += key.size() + value.size();
    values_.emplace(key, value);
  }
  bool is_full() const { return values_.size() > kMostTableEntries || bytes_ > kMostIndexedBytes; }

 private:
  std::unordered_map<std::string, std::string> values_;
  std::size_t bytes_ = 0;  ///< of a broken file, in which one place serves as many values, more than the file has
};

}  // namespace

std::shared_ptr<const TableContent> read_lmdb_table(const std::string& name, const std::string& bytes,
                                                    Problems& problems) {
  auto table = std::make_shared<LmdbTable>();
  const std::string trouble = walk_lmdb(bytes, [&](std::string_view key, std::string_view value) {
    table->add(key, value);
    return !table->is_full();
  });
  if (!trouble.empty()) {
    problems.error({name, 0, 0}, trouble, "postmap lmdb: makes it");
    return nullptr;
  }
  if (table->is_full()) {
    problems.error({name, 0, 0}, fmt::format("over {} entries", kMostTableEntries));
    return nullptr;
  }
  return table;
}

}  // namespace postern::accounts
