#include "policy/base/text.h"

#include <fmt/format.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

namespace postern {

namespace {

// Characters that would move the cursor, break the line or reorder what a person reads.
bool is_unprintable(UChar32 c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || c == 0x061c;
}

// With a swap of neighbours as one edit, as fingers make it (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

// Where the printable ASCII from `start` on ends.
std::int32_t ascii_run(const std::uint8_t* bytes, std::int32_t start, std::int32_t size) {
  std::int32_t end = start;
  while (end < size && bytes[end] >= 0x20 && bytes[end] < 0x7f) ++end;
  return end;
}

constexpr std::int32_t kMostNameBytes = 1000;  // local: text.h

void append(std::u16string& out, UChar32 c) {
  if (c > 0xffff) out += U16_LEAD(c);
  out += c > 0xffff ? U16_TRAIL(c) : static_cast<char16_t>(c);
}

std::string to_utf8(std::u16string_view text) {
  std::string out(text.size() * 3, '\0');  // a UTF-16 unit is at most 3 bytes
  UErrorCode status = U_ZERO_ERROR;
  std::int32_t n = 0;
  u_strToUTF8WithSub(out.data(), static_cast<std::int32_t>(out.size()), &n, text.data(),
                     static_cast<std::int32_t>(text.size()), 0xfffd, nullptr, &status);
  out.resize(U_FAILURE(status) ? 0 : static_cast<std::size_t>(n));
  return out;
}

std::optional<std::u16string> nfc(std::u16string text) {
  UErrorCode status = U_ZERO_ERROR;
  const UNormalizer2* form = unorm2_getNFCInstance(&status);
  const auto units = static_cast<std::int32_t>(text.size());
  if (unorm2_spanQuickCheckYes(form, text.data(), units, &status) == units && U_SUCCESS(status)) return text;
  std::u16string out(text.size() * 3 + 1, u'\0');  // UAX 15 9: at most three times the units
  const std::int32_t n =
      unorm2_normalize(form, text.data(), units, out.data(), static_cast<std::int32_t>(out.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  out.resize(static_cast<std::size_t>(n));
  return out;
}

constexpr UChar32 kFirstWideForm = 0x3000;  // the ideographic space

// What a full- or half-width form stands for; every other character itself (RFC 8264 5.2.1).
void append_unwidened(std::u16string& out, UChar32 c) {
  if (c < kFirstWideForm) return append(out, c);
  const auto type = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
  if (type == U_DT_WIDE || type == U_DT_NARROW) {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* form = unorm2_getNFKCInstance(&status);
    UChar mapped[8];
    const std::int32_t n = U_FAILURE(status) ? -1 : unorm2_getRawDecomposition(form, c, mapped, 8, &status);
    if (U_SUCCESS(status) && n > 0) {
      out.append(mapped, static_cast<std::size_t>(n));
      return;
    }
  }
  append(out, c);
}

bool is_unseen(UChar32 c) {
  return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || u_charType(c) == U_FORMAT_CHAR || c == 0x2800;
}

// RFC 8264 9.17, after NFC: there is a plainer way to write it.
bool is_compatibility_form(UChar32 c) {
  const auto type = u_getIntPropertyValue(c, UCHAR_DECOMPOSITION_TYPE);
  return type != U_DT_NONE && type != U_DT_CANONICAL;
}

bool is_comparable(UChar32 c) {
  if (c < 0x80) return c >= 0x20 && c < 0x7f;
  switch (u_charType(c)) {
    case U_UNASSIGNED:
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_PRIVATE_USE_CHAR:
    case U_SURROGATE:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR: return false;
    case U_SPACE_SEPARATOR: return c == ' ';
    default: return c != 0xfffd && !is_unseen(c) && !is_compatibility_form(c);
  }
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  out.reserve(std::min(text.size(), max_bytes) + 3);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(std::min(text.size(), max_bytes * 4 + 4));
  for (std::int32_t i = 0; i < size;) {
    if (out.size() >= max_bytes) return out + "...";
    const std::int32_t start = i;
    const std::int32_t plain = ascii_run(bytes, start, size);
    if (plain > start) {  // most text; what follows takes its time
      const std::size_t taken = std::min(static_cast<std::size_t>(plain - start), max_bytes - out.size());
      out.append(text.substr(static_cast<std::size_t>(start), taken));
      i += static_cast<std::int32_t>(taken);
      continue;
    }
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0) {
      for (std::int32_t k = start; k < i; ++k) out += fmt::format("\\x{:02x}", bytes[k]);
    } else if (is_unprintable(c)) {
      out += c < 0x100 ? fmt::format("\\x{:02x}", static_cast<unsigned>(c))
                       : fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c));
    } else {
      out.append(text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(i - start)));
    }
  }
  if (static_cast<std::size_t>(size) < text.size()) out += "...";
  return out;
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool ascii_iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
           return lower(x) == lower(y);
         });
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string fold(std::string_view utf8) {
  if (is_ascii(utf8)) return ascii_lower(utf8);
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<UCaseMap, decltype(&ucasemap_close)> map(ucasemap_open("", 0, &status), &ucasemap_close);
  if (U_FAILURE(status)) return ascii_lower(utf8);
  std::string out(utf8.size() * 3 + 1, '\0');  // the longest full folding triples the bytes (U+0390)
  const std::int32_t n = ucasemap_utf8FoldCase(map.get(), out.data(), static_cast<std::int32_t>(out.size()),
                                               utf8.data(), static_cast<std::int32_t>(utf8.size()), &status);
  if (U_FAILURE(status)) return ascii_lower(utf8);
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::optional<std::string> comparison_form(std::string_view utf8, LetterCase letters) {
  if (utf8.empty() || utf8.size() > kMostNameBytes) return std::nullopt;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  const auto size = static_cast<std::int32_t>(utf8.size());
  if (ascii_run(bytes, 0, size) == size) return letters == LetterCase::fold ? ascii_lower(utf8) : std::string(utf8);
  std::u16string wide;
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0) return std::nullopt;
    append_unwidened(wide, c);
  }
  const auto normal = nfc(std::move(wide));
  if (!normal) return std::nullopt;
  std::u16string folded;
  const auto units = static_cast<std::int32_t>(normal->size());
  for (std::int32_t i = 0; i < units;) {
    UChar32 c = 0;
    U16_NEXT(normal->data(), i, units, c);
    if (!is_comparable(c)) return std::nullopt;
    append(folded, letters == LetterCase::fold ? u_foldCase(c, U_FOLD_CASE_DEFAULT) : c);
  }
  const auto form = nfc(std::move(folded));
  return form ? std::optional(to_utf8(*form)) : std::nullopt;
}

std::string as_seen(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  std::u16string wide;
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT_OR_FFFD(bytes, i, size, c);
    if (!is_unseen(c)) append_unwidened(wide, c);
  }
  return to_utf8(wide);
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    const std::int32_t start = i;
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0)
      out += "\xef\xbf\xbd";
    else
      out.append(text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(i - start)));
  }
  return out;
}

std::optional<std::string> utf8_of(std::string_view bytes, std::string_view charset) {
  if (ascii_iequals(charset, "utf-8") || ascii_iequals(charset, "us-ascii")) return replace_invalid_utf8(bytes);
  constexpr std::size_t kLongestName = 40;  // RFC 2978 2.3
  if (charset.empty() || charset.size() > kLongestName) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  // Only what the table of names has: an unknown one would be looked for as a file.
  const char* known = ucnv_getStandardName(std::string(charset).c_str(), "IANA", &status);
  if (U_FAILURE(status) || known == nullptr) return std::nullopt;
  std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(ucnv_open(known, &status), &ucnv_close);
  if (U_FAILURE(status)) return std::nullopt;
  const auto size = static_cast<std::int32_t>(bytes.size());
  std::u16string wide(bytes.size() * 2 + 16, u'\0');
  const std::int32_t units =
      ucnv_toUChars(converter.get(), wide.data(), static_cast<std::int32_t>(wide.size()), bytes.data(), size, &status);
  if (U_FAILURE(status)) return std::nullopt;
  return to_utf8(std::u16string_view(wide).substr(0, static_cast<std::size_t>(units)));
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const std::size_t end = text.find(separator, start);
    parts.push_back(text.substr(start, end == std::string_view::npos ? end : end - start));
    if (end == std::string_view::npos) return parts;
    start = end + 1;
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > 80) return std::nullopt;
  const std::string lowered = ascii_lower(word);
  std::optional<std::string> best;
  std::size_t best_distance = std::min<std::size_t>(3, std::max<std::size_t>(1, word.size() / 3)) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 80) continue;
    const std::size_t distance = edit_distance(lowered, ascii_lower(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const auto best = closest(word, candidates);
  return best ? fmt::format("did you mean \"{}\"?", *best) : std::string();
}

}  // namespace postern
