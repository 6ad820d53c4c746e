#include "policy/accounts/tables/file_table.h"

namespace postern::accounts {

FileTable::FileTable(std::string path, std::size_t most_bytes, Follow follow, ReloadedFile<TableContent>::Parse parse)
    : file_(std::move(path), most_bytes, std::move(parse)), follow_(follow) {}

Reply FileTable::find(const Question& question, const Deadline&) {
  if (question.lookup != Lookup::value) return Reply::failed("a table has values alone");
  if (!is_legal_key(question.key)) return Reply::absent();
  if (follow_ == Follow::lookups) file_.follow();
  const std::shared_ptr<const TableContent> content = file_.current();
  if (content == nullptr) return Reply::failed(file_.path() + " could not be read yet");
  return content->find(question.key);
}

bool is_legal_key(std::string_view key) {
  return !key.empty() && key.size() <= kMostKeyBytes && key.find('\0') == std::string_view::npos;
}

}  // namespace postern::accounts
