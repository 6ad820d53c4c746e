#include "policy/auth/dkim/canonical_body.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace postern::dkim {

namespace {

constexpr std::size_t kBlock = 16;
// Compilers know such types on every processor: one instruction works on all of the bytes.
using Block [[gnu::vector_size(kBlock)]] = unsigned char;
using Words [[gnu::vector_size(kBlock)]] = std::uint64_t;

bool is_wsp(char c) { return c == ' ' || c == '\t'; }

Block load(const char* p) {
  Block block;
  std::memcpy(&block, p, kBlock);
  return block;
}

/// How many of the kBlock bytes at `p` stand before the first that relaxed canonicalization may change: a tab, or a
/// space with another blank or a control behind it. One byte more is looked at.
std::size_t unchanged(const char* p) {
  const Block bytes = load(p);
  const auto marks = (bytes == '\t') | ((bytes == ' ') & (load(p + 1) <= ' '));
  const auto words = reinterpret_cast<Words>(marks);
  if ((words[0] | words[1]) == 0) return kBlock;
  const auto first = [](std::uint64_t word) {
    const int bit = std::endian::native == std::endian::little ? std::countr_zero(word) : std::countl_zero(word);
    return static_cast<std::size_t>(bit) / 8;
  };
  return words[0] != 0 ? first(words[0]) : 8 + first(words[1]);
}

}  // namespace

void CanonicalBody::update(std::string_view chunk) {
  if (form_ == Canonicalization::simple) return trim_end(chunk);
  chunk = settle_blanks(chunk);
  if (chunk.empty()) return;
  // What blanks at the end are, the next chunk tells.
  if (chunk.size() > 1 && chunk.back() == '\r' && is_wsp(chunk[chunk.size() - 2])) {
    blanks_cr_ = true;
    chunk.remove_suffix(1);
  }
  while (!chunk.empty() && is_wsp(chunk.back())) {
    blanks_ = true;
    chunk.remove_suffix(1);
  }
  squeeze(chunk);
}

void CanonicalBody::finish() {
  if (blanks_cr_) trim_end(" \r");  // blanks alone were at the end of a line that lacks its CRLF
  if (cr_) emit("\r");
  if (form_ == Canonicalization::simple || bytes_ > 0) emit_line_ends(1);  // RFC 6376 3.4.3, 3.4.4
}

/// With what follows them, the blanks at the end of the last chunk are told; the rest of `chunk`.
std::string_view CanonicalBody::settle_blanks(std::string_view chunk) {
  if (!blanks_) return chunk;
  if (!blanks_cr_) {
    while (!chunk.empty() && is_wsp(chunk.front())) chunk.remove_prefix(1);
    if (chunk.empty()) return chunk;
    if (chunk.front() == '\r') {
      blanks_cr_ = true;
      chunk.remove_prefix(1);
    }
  }
  if (chunk.empty()) return chunk;
  const bool line_end = blanks_cr_ && chunk.front() == '\n';
  trim_end(line_end ? "\r" : blanks_cr_ ? " \r" : " ");
  blanks_ = blanks_cr_ = false;
  return chunk;
}

/// `text` ends neither with blanks nor with blanks and CR.
void CanonicalBody::squeeze(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  std::array<char, 4096> buffer;
  char* const begin = buffer.data();
  char* const full = begin + buffer.size() - kBlock;  // from here on there is no room for a block and a space
  char* out = begin;
  while (p < end) {
    if (out >= full) {
      trim_end({begin, static_cast<std::size_t>(out - begin)});
      out = begin;
    }
    if (static_cast<std::size_t>(end - p) > kBlock) {
      const std::size_t n = unchanged(p);
      std::memcpy(out, p, kBlock);
      out += n;
      p += n;
      if (n == kBlock) continue;
    } else if (!is_wsp(*p)) {
      *out++ = *p++;
      continue;
    }
    while (is_wsp(*p)) ++p;
    if (p[0] != '\r' || p[1] != '\n') *out++ = ' ';
  }
  trim_end({begin, static_cast<std::size_t>(out - begin)});
}

/// Hands out all but the line ends at the end, which stand there only if something follows.
void CanonicalBody::trim_end(std::string_view bytes) {
  if (bytes.empty()) return;
  if (cr_) {
    cr_ = false;
    if (bytes.front() == '\n') {
      ++line_ends_;
      bytes.remove_prefix(1);
    } else {
      emit("\r");
    }
  }
  if (!bytes.empty() && bytes.back() == '\r') {
    cr_ = true;
    bytes.remove_suffix(1);
  }
  std::uint64_t line_ends = 0;
  for (; bytes.ends_with("\r\n"); bytes.remove_suffix(2)) ++line_ends;
  if (!bytes.empty()) emit(bytes);
  line_ends_ += line_ends;
}

void CanonicalBody::emit(std::string_view bytes) {
  emit_line_ends(std::exchange(line_ends_, 0));
  bytes_ += bytes.size();
  sink_.take(bytes);
}

void CanonicalBody::emit_line_ends(std::uint64_t count) {
  static constexpr std::string_view kLineEnds = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
  bytes_ += 2 * count;
  while (count > 0) {
    const std::uint64_t n = std::min<std::uint64_t>(count, kLineEnds.size() / 2);
    sink_.take(kLineEnds.substr(0, static_cast<std::size_t>(2 * n)));
    count -= n;
  }
}

}  // namespace postern::dkim
