#include "policy/base/geo_data.h"

namespace postern::geo {

namespace {

constexpr int kDeepest = 16;    // local: real ones are 3 deep
constexpr int kSteps = 10'000;  // local: real ones take some hundred
constexpr int kPointer = 1, kMap = 7, kArray = 11, kBoolean = 14, kFloat = 15;

/// What stands before a value's payload.
struct Head {
  int type = 0;
  std::size_t size = 0;    ///< of the payload, in bytes; of a map or an array, in entries
  std::size_t target = 0;  ///< of a pointer
};

class Reader {
 public:
  Reader(std::string_view section, std::size_t at) : section_(section), at_(at) {}

  std::optional<Head> head() {
    if (--steps_ < 0) return std::nullopt;
    const auto control = number(1);
    if (!control) return std::nullopt;
    Head out{.type = static_cast<int>(*control >> 5), .size = *control & 31};
    if (out.type == kPointer) return pointer(*control);
    if (out.type == 0) {
      const auto extended = number(1);
      if (!extended || *extended + 7 > kFloat) return std::nullopt;
      out.type = static_cast<int>(*extended + 7);
    }
    if (out.size >= 29) {
      constexpr std::size_t kFrom[] = {29, 285, 65821};
      const std::size_t more = out.size - 28;
      const auto size = number(more);
      if (!size) return std::nullopt;
      out.size = kFrom[more - 1] + *size;
    }
    return out;
  }

  /// The same, of what a pointer leads to, where it is one. A pointer to a pointer is against the format.
  std::optional<Head> resolved() {
    auto out = head();
    if (!out || out->type != kPointer) return out;
    at_ = out->target;
    out = head();
    return out && out->type != kPointer ? out : std::nullopt;
  }

  std::optional<std::string_view> payload(const Head& head) {
    if (head.size > left()) return std::nullopt;
    const std::string_view out = section_.substr(at_, head.size);
    at_ += head.size;
    return out;
  }

  bool skip(int depth = 0) {
    const auto value = head();
    if (!value || depth > kDeepest) return false;
    switch (value->type) {
      case kPointer:
      case kBoolean: return true;
      case kMap:
      case kArray: {
        for (std::size_t i = 0; i < value->size; ++i) {
          if (value->type == kMap && !skip(depth + 1)) return false;
          if (!skip(depth + 1)) return false;
        }
        return true;
      }
      default: return payload(*value).has_value();
    }
  }

  std::size_t at() const { return at_; }
  void go(std::size_t at) { at_ = at; }

 private:
  std::size_t left() const { return at_ < section_.size() ? section_.size() - at_ : 0; }
  std::optional<std::size_t> number(std::size_t bytes) {
    if (bytes > left()) return std::nullopt;
    std::size_t out = 0;
    for (; bytes > 0; --bytes) out = out << 8 | static_cast<unsigned char>(section_[at_++]);
    return out;
  }
  std::optional<Head> pointer(std::size_t control) {
    constexpr std::size_t kFrom[] = {0, 2048, 526336, 0};
    const std::size_t form = control >> 3 & 3;
    const auto rest = number(form + 1);
    if (!rest) return std::nullopt;
    const std::size_t high = form == 3 ? 0 : (control & 7) << (8 * (form + 1));
    return Head{.type = kPointer, .size = 0, .target = (high | *rest) + kFrom[form]};
  }

  std::string_view section_;
  std::size_t at_;
  int steps_ = kSteps;
};

/// Goes to the value of `key`; false where there is none.
bool enter(Reader& reader, std::string_view key) {
  const auto map = reader.resolved();
  if (!map || map->type != kMap) return false;
  for (std::size_t i = 0; i < map->size; ++i) {
    const std::size_t from = reader.at();
    const auto name = reader.resolved();
    if (!name || name->type != static_cast<int>(Type::text)) return false;
    const auto text = reader.payload(*name);
    if (!text) return false;
    reader.go(from);
    if (!reader.skip()) return false;
    if (*text == key) return true;
    if (!reader.skip()) return false;
  }
  return false;
}

}  // namespace

std::optional<Value> find(std::string_view section, std::size_t offset, std::span<const std::string_view> keys) {
  Reader reader(section, offset);
  for (const std::string_view key : keys) {
    if (!enter(reader, key)) return std::nullopt;
  }
  const auto head = reader.resolved();
  if (!head) return std::nullopt;
  const auto bytes = reader.payload(*head);
  if (!bytes) return std::nullopt;
  switch (head->type) {
    case static_cast<int>(Type::text): return Value{Type::text, *bytes};
    case static_cast<int>(Type::uint16): return Value{Type::uint16, *bytes};
    case static_cast<int>(Type::uint32): return Value{Type::uint32, *bytes};
    default: return std::nullopt;
  }
}

bool is_sane(std::string_view section) { return Reader(section, 0).skip(); }

}  // namespace postern::geo
