#include <algorithm>

#include "policy/base/text.h"
#include "policy/dns/domain.h"
#include "policy/mail/address.h"
#include "policy/mail/authentication_results.h"
#include "policy/mail/cfws.h"

namespace postern {

namespace {

constexpr char kEnd = '\x01';  // stands behind the field, which holds no control byte

// A cursor over a field and kEnd; what it reads is empty where something else stands there.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  /// At the end, which a comment that is not closed would have swallowed.
  bool done() {
    skip();
    return at_ < text_.size() && text_[at_] == kEnd;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// RFC 5321's Keyword: letters, digits and hyphens.
  std::string keyword() {
    skip();
    return ascii_lower(run([](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }));
  }
  /// A value: a token, a quoted-string, or an address. Nothing where there is none.
  std::optional<std::string> value() {
    skip();
    if (at_ < text_.size() && text_[at_] == '"') {
      auto text = quoted();
      return text && at_ < text_.size() && text_[at_] == '@' ? address(*std::move(text)) : text;
    }
    std::string word(bare());
    const std::size_t at = word.find('@');
    if (word.empty() || (at != std::string::npos && !Domain::parse(word.substr(at + 1)))) return std::nullopt;
    return word;
  }
  std::string digits() {
    skip();
    return std::string(run([](char c) { return c >= '0' && c <= '9'; }));
  }
  void skip() { at_ = skip_cfws(text_, at_); }

 private:
  template <class Fits>
  std::string_view run(Fits fits) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && fits(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  std::string_view bare() {
    return run([](char c) {
      return c > 0x20 && c < 0x7f && std::string_view("();\"\\,<>").find(c) == std::string_view::npos;
    });
  }
  // Behind a quoted local part.
  std::optional<std::string> address(std::string local) {
    const Mailbox mailbox{.local = std::move(local), .domain = Domain::parse(bare().substr(1)), .literal = {}};
    if (!mailbox.domain) return std::nullopt;
    return mailbox.text();
  }
  std::optional<std::string> quoted() {
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') return ++at_, out;
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      if (text_[at_] != '\r' && text_[at_] != '\n') out += text_[at_];
    }
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// No control byte, and no line end but a fold (RFC 5322 2.2.3).
bool is_one_field(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    if (byte == '\r' && value.substr(i + 1).starts_with('\n')) continue;
    const char behind = i + 1 < value.size() ? value[i + 1] : '\0';
    if (byte == '\n' && (behind == ' ' || behind == '\t')) continue;
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

bool read_version(Reader& in) { return !in.digits().empty(); }

// [reason] and properties, up to the next `;`.
bool read_rest(Reader& in, AuthenticationResult& result, bool& capped) {
  for (std::string word = in.keyword(); !word.empty(); word = in.keyword()) {
    const bool is_property = in.take('.');
    if (is_property) {
      const std::string property = in.keyword();
      if (property.empty()) return false;
      word += "." + property;
    }
    if (!in.take('=')) return false;
    auto value = in.value();
    if (!value) return false;
    if (is_property && result.properties.size() == kMostResultProperties)
      capped = true;
    else if (is_property)
      result.properties.push_back({std::move(word), *std::move(value)});
    else if (word == "reason" && result.reason.empty() && result.properties.empty())
      result.reason = *std::move(value);
    else
      return false;
  }
  return true;
}

bool read_result(Reader& in, AuthenticationResult& result, bool& capped) {
  result.method = in.keyword();
  if (result.method.empty()) return false;
  if (in.take('/') && !read_version(in)) return false;
  if (!in.take('=')) return false;
  result.result = in.keyword();
  return !result.result.empty() && read_rest(in, result, capped);
}

}  // namespace

std::optional<AuthenticationResults> parse_authentication_results(std::string_view value) {
  if (!is_one_field(value)) return std::nullopt;
  const std::string text = std::string(value) + kEnd;
  Reader in(text);
  AuthenticationResults parsed;
  if (!in.value()) return std::nullopt;
  parsed.authserv_id = claimed_authserv_id(value);
  if (!in.take(';')) {
    if (in.done()) return std::nullopt;  // no-result is compulsory where there is no result
    if (!read_version(in) || !in.take(';')) return std::nullopt;
  }
  do {
    if (in.done()) return parsed.results.empty() ? std::nullopt : std::optional(std::move(parsed));  // a last `;`
    AuthenticationResult result;
    Reader ahead = in;
    if (parsed.results.empty() && ahead.keyword() == "none" && ahead.done()) return parsed;
    if (!read_result(in, result, parsed.capped)) return std::nullopt;
    if (parsed.results.size() == kMostAuthenticationResults)
      parsed.capped = true;
    else
      parsed.results.push_back(std::move(result));
  } while (in.take(';'));
  if (!in.done()) return std::nullopt;
  return parsed;
}

}  // namespace postern
