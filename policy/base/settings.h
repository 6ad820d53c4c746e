#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/document.h"
#include "policy/base/problem.h"

namespace postern {

/// The settings of one part (a check, the `dns:` section), each asked for once with its default and its documentation.
///
/// The same questions serve twice: over a map of the configuration they answer with what stands there, and a wrong
/// value is told to `problems` while the default is answered; over no map they answer the defaults and only collect
/// what `postern reference` prints.
class Settings {
 public:
  /// `map` may be null: all defaults. `part` is named in messages ("checks.iprev"; empty for the top level). Both
  /// outlive this.
  Settings(std::string part, const Node* map, Problems& problems);

  /// `5s`, `1500ms`, `2m`, `24h`, `7d`; within [least, most].
  std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds fallback,
                                     std::chrono::milliseconds least, std::chrono::milliseconds most,
                                     std::string_view doc);
  std::int64_t number(std::string_view key, std::int64_t fallback, std::int64_t least, std::int64_t most,
                      std::string_view doc);
  bool flag(std::string_view key, bool fallback, std::string_view doc);
  /// One of `words`.
  std::string word(std::string_view key, std::string_view fallback, std::span<const std::string_view> words,
                   std::string_view doc);
  std::string text(std::string_view key, std::string_view fallback, std::string_view doc);
  /// A list of texts, or one text standing for a list of one.
  std::vector<std::string> texts(std::string_view key, std::string_view fallback, std::string_view doc);
  /// The node itself, for values with a form of their own; null when absent.
  const Node* node(std::string_view key, std::string_view form, std::string_view fallback, std::string_view doc);
  /// A key that belongs to the language and comes later.
  void later(std::string_view key);

  /// Tells every key that nobody asked for. Call once, last.
  void finish();

  struct Asked {
    std::string key, form, fallback, doc;
  };
  const std::vector<Asked>& asked() const { return asked_; }
  Problems& problems() { return problems_; }
  /// Where they stand, or that of one of them; nowhere where it is not there.
  Place where(std::string_view key = {}) const;

 private:
  const Node* scalar(std::string_view key);
  std::string named(std::string_view key) const;

  std::string part_;
  const Node* map_;
  Problems& problems_;
  std::vector<Asked> asked_;
  std::vector<std::string> known_;
};

/// `5s`, `1500ms`, `2m`, `24h`, `7d`; nothing else.
bool parse_duration(std::string_view text, std::chrono::milliseconds& out);
/// `yes no true false on off`, in lower case.
bool parse_flag(std::string_view text, bool& out);

}  // namespace postern
