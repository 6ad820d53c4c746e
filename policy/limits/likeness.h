#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace postern::limits {

/// A hash of a text that is alike for texts that are alike: of 64 bits few differ (simhash over words; digits and letter
/// case do not count). 0 for a text without words.
std::uint64_t likeness(std::string_view text);

/// The same of a message's body as it comes, in chunks of any size; of its first 64 KiB (local). The chunks do not change
/// the answer.
class BodyLikeness {
 public:
  BodyLikeness();
  ~BodyLikeness();
  void add(std::string_view chunk);
  std::uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace postern::limits
