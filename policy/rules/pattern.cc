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
