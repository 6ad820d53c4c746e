#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/clock.h"
#include "policy/base/document.h"
#include "policy/base/problem.h"
#include "policy/rules/known.h"

namespace postern::rules {

/// A compiled list: exact domains, suffixes, addresses, networks, names (LANGUAGE 3, Lists). Immutable but for a file
/// list, whose content is swapped whole when its file changes. Thread-safe.
class List {
 public:
  virtual ~List() = default;
  enum class Answer { yes, no, unavailable };
  /// Whether `value` is in the list at `unix_time` (entries may end). A Mailbox is matched by address and by its
  /// domain's entries only where the entry is an address; a Domain and a text by exact name and suffix; an IpAddress by
  /// network.
  virtual Answer contains(const Value& value, std::int64_t unix_time) const = 0;
  virtual Unavailable when_unavailable() const { return Unavailable::skip; }
  virtual std::size_t size() const = 0;
  /// Reads a file list again if its file has changed. A broken file keeps the old content and says why; else nothing.
  virtual std::vector<std::string> refresh() { return {}; }
};

/// The named lists of a policy: those of `lists:` and "site.domains".
class Lists {
 public:
  /// Null when there is none of that name.
  std::shared_ptr<List> find(std::string_view name) const;
  void add(std::string name, std::shared_ptr<List> list);
  std::vector<std::string> names() const;
  std::span<const std::pair<std::string, std::shared_ptr<List>>> all() const { return lists_; }

 private:
  std::vector<std::pair<std::string, std::shared_ptr<List>>> lists_;
};

/// Compiles the value of one entry of `lists:` (a list of entries, or a map with `type:`), or of `site.domains`
/// (entries, `file:PATH` among them, or the name of a list). Mistakes go to `problems`; the result is then not to be
/// used. Relative paths are taken from `folder`.
std::shared_ptr<List> compile_list(std::string_view name, const Node& node, const std::string& folder,
                                   Problems& problems);

}  // namespace postern::rules
