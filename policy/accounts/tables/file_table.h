#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/accounts/lookup.h"
#include "policy/accounts/tables/reloaded_file.h"

namespace postern::accounts {

constexpr std::size_t kMostTableBytes = 64U << 20;     // local: of a text
constexpr std::size_t kMostIndexedBytes = 256U << 20;  // local: of a cdb or lmdb file
constexpr std::size_t kMostTableEntries = 2'000'000;   // local

/// What a table's file said when it was read. Immutable.
class TableContent {
 public:
  virtual ~TableContent() = default;
  virtual Reply find(std::string_view key) const = 0;
};

/// A table of a file, held in memory: Lookup::value.
class FileTable final : public Source {
 public:
  enum class Follow {
    refresh,  ///< refresh() alone looks whether the file has changed
    lookups,  ///< each lookup does
  };
  FileTable(std::string path, std::size_t most_bytes, Follow follow, ReloadedFile<TableContent>::Parse parse);

  void load(const Place& where, Problems& problems) { file_.load(where, problems); }
  /// A key that is none (lookup.h) is absent.
  Reply find(const Question& question, const Deadline& deadline) override;
  bool has(Lookup lookup) const override { return lookup == Lookup::value; }
  std::vector<std::string> refresh() override { return file_.refresh(); }

 private:
  ReloadedFile<TableContent> file_;
  const Follow follow_;
};

/// Whether the key is one that Question allows.
bool is_legal_key(std::string_view key);

}  // namespace postern::accounts
