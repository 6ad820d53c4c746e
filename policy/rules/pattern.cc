#include "policy/rules/pattern.h"

#include <re2/re2.h>

#include "policy/base/text.h"

namespace postern::rules {

namespace {

constexpr std::int64_t kMaxMemory = 8 << 20;      // RE2's own default; a pattern that needs more is refused at load
constexpr std::size_t kMaxPatternBytes = 10'000;  // local

class Re2Pattern final : public Pattern {
 public:
  Re2Pattern(std::string_view text, const RE2::Options& options)
      : re_(re2::StringPiece(text.data(), text.size()), options) {}
  bool found_in(std::string_view text) const override {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), re_);
  }
  std::optional<std::vector<std::string_view>> match(std::string_view text) const override {
    std::vector<re2::StringPiece> pieces(groups() + 1);
    if (!re_.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::UNANCHORED, pieces.data(),
                   static_cast<int>(pieces.size())))
      return std::nullopt;
    std::vector<std::string_view> found;
    found.reserve(pieces.size());
    for (const re2::StringPiece& piece : pieces)
      found.push_back(piece.data() == nullptr ? std::string_view() : std::string_view(piece.data(), piece.size()));
    return found;
  }
  std::size_t groups() const override { return static_cast<std::size_t>(re_.NumberOfCapturingGroups()); }
  const RE2& re() const { return re_; }

 private:
  RE2 re_;
};

}  // namespace

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view text) {
  if (text.size() > kMaxPatternBytes) return Error{"the pattern is over 10000 bytes long", {}};
  RE2::Options options;
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  auto pattern = std::make_shared<const Re2Pattern>(text, options);
  if (!pattern->re().ok()) return Error{printable(pattern->re().error()), {}};
  return std::shared_ptr<const Pattern>(std::move(pattern));
}

}  // namespace postern::rules
