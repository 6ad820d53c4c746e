#include "policy/limits/likeness.h"

#include <algorithm>
#include <array>
#include <string>

#include "policy/base/sip_hash.h"

namespace postern::limits {

namespace {

constexpr std::size_t kMostText = std::size_t{64} << 10;  // local: likeness.h
constexpr std::size_t kShortestWord = 4;                  // local: shorter ones are in every text
constexpr std::size_t kLongestWord = 32;                  // local: of a longer one, its beginning

/// Letters, and all that is not ASCII: a word may be of any script, without asking which.
bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80; }

}  // namespace

/// Each word votes for every bit, by its hash: a bit is what the most words want.
struct BodyLikeness::State {
  std::array<std::int32_t, 64> votes{};
  std::array<char, kLongestWord> word{};
  std::size_t length = 0;  ///< of the word at hand, whole
  std::size_t read = 0;
  bool any = false;

  void end_word() {
    if (length >= kShortestWord) {
      any = true;
      // The key is no secret: machines of a site must agree, and who wants unlike texts needs no collisions.
      const std::uint64_t hash = sip_hash(SipKey{}, {word.data(), std::min(length, kLongestWord)});
      for (std::size_t i = 0; i < votes.size(); ++i) votes[i] += ((hash >> i) & 1) != 0 ? 1 : -1;
    }
    length = 0;
  }
  void add(std::string_view chunk) {
    chunk = chunk.substr(0, kMostText - read);
    read += chunk.size();
    for (const char c : chunk) {
      if (!is_letter(static_cast<unsigned char>(c))) {
        end_word();
        continue;
      }
      if (length < kLongestWord) word[length] = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
      ++length;
    }
  }
  std::uint64_t value() const {
    if (!any) return 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < votes.size(); ++i) bits |= std::uint64_t{votes[i] > 0} << i;
    return bits == 0 ? 1 : bits;
  }
};

BodyLikeness::BodyLikeness() : state_(std::make_unique<State>()) {}
BodyLikeness::~BodyLikeness() = default;

void BodyLikeness::add(std::string_view chunk) { state_->add(chunk); }

std::uint64_t BodyLikeness::value() const {
  State whole = *state_;  // more may come
  whole.end_word();
  return whole.value();
}

std::uint64_t likeness(std::string_view text) {
  BodyLikeness body;
  body.add(text);
  return body.value();
}

}  // namespace postern::limits
