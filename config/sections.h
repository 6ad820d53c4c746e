#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/base/document.h"
#include "policy/base/problem.h"

namespace postern::config {

/// One top-level section of the language.
struct SectionName {
  std::string_view name;
  bool later = false;  ///< comes in a later version
  std::string_view doc;
};
std::span<const SectionName> section_names();

/// The sections of a configuration, its own and those of the files it includes.
class Sections {
 public:
  /// Takes `root` apart and reads the files of its `include:`, relative to `folder`. Unknown and later sections, and
  /// one that is given twice, go to `problems`; the rest is still there.
  Sections(Node root, const std::string& folder, Problems& problems);

  /// The value of a section; nullptr when it is absent or empty.
  const Node* find(std::string_view name) const;
  /// The sections of one value (`mode`, `answer_at` …) as one map, for Settings.
  const Node& scalars() const { return scalars_; }

 private:
  void take(const Node& root, bool included, Problems& problems);
  void include(const Node& names, const std::string& folder, Problems& problems);

  struct Section {
    const Node* key;
    const Node* value;
  };
  std::vector<std::unique_ptr<const Node>> documents_;
  std::vector<Section> sections_;
  Node scalars_;
};

/// `path` itself when it is absolute, else below `folder`.
std::string below(const std::string& folder, const std::string& path);

}  // namespace postern::config
