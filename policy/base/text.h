#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern {

/// What a stranger wrote, fit for one line of a log or a terminal: C0, C1, DEL, line separators, bidirectional
/// controls and bytes that are no UTF-8 become `\xNN` or `\u{NNNN}`; cut with "..." after `max_bytes`.
std::string printable(std::string_view text, std::size_t max_bytes = 200);

/// Lower case of A-Z alone; every other byte stays.
std::string ascii_lower(std::string_view text);
bool ascii_iequals(std::string_view a, std::string_view b);
/// Whether no byte is above 0x7f.
bool is_ascii(std::string_view text);

/// Unicode default case folding (full, Unicode 15), for comparing without case. Bytes that are no UTF-8 stay as they
/// are.
std::string fold(std::string_view utf8);

/// Whether `A` is `a`.
enum class LetterCase { fold, exact };

/// How two names are compared that people chose for themselves, logins and local parts (RFC 8264 7, RFC 8265 3.3): full-
/// and half-width forms become what they stand for, case is folded where asked, NFC. Two names that only look alike stay
/// different. local: simple folding, which keeps the number of characters, so that "strasse" is not "straße"; the
/// bidi rule is left out, since it has no say in what is equal.
///
/// Nothing, which equals nothing, where `utf8` is over 1000 bytes, empty, no UTF-8, or holds what nobody sees or can
/// tell apart: controls, spaces but U+0020, invisible and bidirectional characters, compatibility forms, unassigned and
/// private ones.
std::optional<std::string> comparison_form(std::string_view utf8, LetterCase letters);

/// `text` as an eye takes it: full- and half-width forms become what they stand for, invisible characters go, and pieces
/// that are no UTF-8 are U+FFFD.
std::string as_seen(std::string_view text);

/// The text with each piece that is no UTF-8 replaced by U+FFFD.
std::string replace_invalid_utf8(std::string_view text);

/// `bytes` of the charset of that name (IANA), as UTF-8; what the charset has no character for is U+FFFD. Nothing where
/// nobody knows the charset.
std::optional<std::string> utf8_of(std::string_view bytes, std::string_view charset);

/// Without spaces, tabs, CR and LF at both ends.
std::string_view trim(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

/// The candidate that a person may have meant by `word`: the nearest one within a third of the word's length, and
/// within 3 edits.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);
/// `did you mean "x"?`, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace postern
