#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/accounts/tables/file_text.h"
#include "policy/base/problem.h"

namespace postern::accounts {

/// What a file says, read again when it has changed. A file that has vanished, is broken, or is being written keeps
/// what was read before. Thread-safe once loaded; readers never wait for a writer.
template <class Content>
class ReloadedFile {
 public:
  /// Makes the content of the text; answers null, or adds errors, when it is broken.
  using Parse =
      std::function<std::shared_ptr<const Content>(const std::string& path, const std::string& text, Problems&)>;

  ReloadedFile(std::string path, std::size_t most_bytes, Parse parse)
      : path_(std::move(path)), most_bytes_(most_bytes), parse_(std::move(parse)) {}

  const std::string& path() const { return path_; }

  /// Reads the file for the first time. A file that is not there, or locked by its writer, is a warning at `where`, and
  /// current() is then null; everything else that is wrong is an error.
  void load(const Place& where, Problems& problems) {
    const std::lock_guard lock(mutex_);
    stamp_ = stamp_of(path_);
    FileTrouble trouble;
    const std::optional<std::string> text = read_whole(path_, most_bytes_, trouble);
    if (text) {
      std::atomic_store(&content_, parse(*text, problems));
      if (stamp_.fresh) stamp_ = {"fresh", false};  // what was still written while we read is read again
    } else if (trouble.missing || trouble.busy) {
      stamp_ = {"unread", false};
      problems.warning(where, path_ + ": " + trouble.why, "nothing can be looked up in it until then");
    } else {
      problems.error(where, path_ + ": " + trouble.why);
    }
  }

  /// Reads it again if it is another than the one read last; answers what is wrong. Does nothing while another thread
  /// does the same.
  std::vector<std::string> refresh() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return {};
    std::vector<std::string> told = std::exchange(untold_, {});
    const FileStamp now = stamp_of(path_);
    if (now == stamp_ || unsettled(now)) return told;
    read_again(now, told);
    return told;
  }

  /// The same for who looks something up and has nobody to tell: the next refresh() answers it.
  void follow() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    const FileStamp now = stamp_of(path_);
    if (now == stamp_ || unsettled(now)) return;
    read_again(now, untold_);
    if (untold_.size() > kMostUntold) untold_.resize(kMostUntold);
  }

  /// Null while the file could never be read.
  std::shared_ptr<const Content> current() const { return std::atomic_load(&content_); }

 private:
  static constexpr std::size_t kMostUntold = 100;                      // local
  static constexpr auto kLongestUnsettled = std::chrono::seconds(10);  // local: who writes on and on is not waited for

  // A file that is written in place is empty for a moment, and half for another: until a second has gone by the old
  // content is the better one. Postfix waits likewise (texthash:).
  bool unsettled(const FileStamp& now) {
    if (!now.fresh || current() == nullptr) {
      unsettled_since_.reset();
      return false;
    }
    const auto time = std::chrono::steady_clock::now();
    if (!unsettled_since_) unsettled_since_ = time;
    if (time - *unsettled_since_ < kLongestUnsettled) return true;
    unsettled_since_.reset();
    return false;
  }

  void read_again(const FileStamp& now, std::vector<std::string>& told) {
    FileTrouble trouble;
    const std::optional<std::string> text = read_whole(path_, most_bytes_, trouble);
    if (!text) {
      if (trouble.busy) return;  // it is read once its writer is done
      stamp_ = now;
      told.push_back(path_ + ": " + trouble.why);
      return;
    }
    stamp_ = now.fresh ? FileStamp{"fresh", false} : now;
    Problems problems;
    auto content = parse(*text, problems);
    for (const Problem& problem : problems.sorted()) told.push_back(problem.line());
    if (content != nullptr) std::atomic_store(&content_, std::move(content));
  }

  std::shared_ptr<const Content> parse(const std::string& text, Problems& problems) const {
    Problems own;
    auto content = parse_(path_, text, own);
    if (!own.usable()) content = nullptr;
    for (const Problem& problem : own.all()) problems.add(problem);
    return content;
  }

  const std::string path_;
  const std::size_t most_bytes_;
  const Parse parse_;
  std::shared_ptr<const Content> content_;
  std::mutex mutex_;  ///< of everything below, and of who reads
  FileStamp stamp_;   ///< of the file read last, broken or not
  std::optional<std::chrono::steady_clock::time_point> unsettled_since_;
  std::vector<std::string> untold_;
};

}  // namespace postern::accounts
