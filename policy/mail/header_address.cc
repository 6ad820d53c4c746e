#include "policy/mail/header_address.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/base/text.h"
#include "policy/mail/address_syntax.h"
#include "policy/mail/address_tokens.h"
#include "policy/mail/encoded_word.h"

namespace postern {

namespace {

using Token = AddressToken;
using Tokens = std::span<const Token>;
using Fault = AddressFault;

constexpr std::size_t kMaxRawBytes = 1000;        // local: header_address.h
constexpr std::ptrdiff_t kMostResentFields = 20;  // local: RFC 5322 3.6.6 knows 7

// From the first token to the last, as they stand in the field.
std::string raw_of(Tokens tokens) {
  const char* begin = tokens.front().raw.data();
  const char* end = tokens.back().raw.data() + tokens.back().raw.size();
  return std::string(begin, std::min(static_cast<std::size_t>(end - begin), kMaxRawBytes));
}

HeaderAddress unreadable(Tokens tokens, Fault fault) {
  return {.mailbox = {}, .name = {}, .raw = raw_of(tokens), .fault = fault};
}

// What the tokens say, a blank where there is white space.
std::string spoken(Tokens tokens) {
  std::string text;
  for (const Token& token : tokens) {
    if (token.spaced && !text.empty()) text += ' ';
    if (token.kind == Token::Kind::quoted)
      text += token.text;
    else
      text += token.raw;
  }
  return text;
}

std::string comment_text(std::string_view comment) {
  if (comment.size() < 2) return {};
  std::string text;
  comment = comment.substr(1, comment.size() - 2);
  for (std::size_t i = 0; i < comment.size(); ++i) {
    if (comment[i] == '\\' && i + 1 < comment.size()) ++i;
    text += comment[i];
  }
  return text;
}

std::string display_name(std::string_view text) {
  std::string unfolded;
  std::copy_if(text.begin(), text.end(), std::back_inserter(unfolded), [](char c) { return c != '\r' && c != '\n'; });
  return std::string(trim(decode_words(unfolded)));
}

// An addr-spec without the comments and blanks that may stand between its parts (RFC 5322 3.4.1, 4.4).
std::optional<address_syntax::Parsed> addr_spec(Tokens tokens) {
  std::string bare;
  const Token* before = nullptr;
  for (const Token& token : tokens) {
    const bool two_words = before != nullptr && before->is_word() && token.is_word();
    if (two_words) return std::nullopt;
    if (token.kind == Token::Kind::literal)  // RFC 5322 3.4.1: blanks may stand in it
      std::copy_if(token.raw.begin(), token.raw.end(), std::back_inserter(bare),
                   [](char c) { return c != ' ' && c != '\t'; });
    else
      bare += token.raw;
    before = &token;
  }
  return address_syntax::parse_mailbox(bare, address_syntax::Place::header);
}

bool has(Tokens tokens, char special) {
  return std::any_of(tokens.begin(), tokens.end(), [=](const Token& t) { return t.is(special); });
}

bool is_phrase(Tokens tokens) {  // RFC 5322 3.2.5; dots may stand in it: 4.1
  return std::all_of(tokens.begin(), tokens.end(), [](const Token& t) { return t.is_word() || t.is('.'); });
}

bool is_invisible(const std::string& text) { return printable(text, text.size()) != text; }

// Reads the readable addresses of `spec` in which programs may differ. `ending` is the token behind it.
Fault doubt_about(const address_syntax::Parsed& parsed, Tokens spec, const Token* ending) {
  const auto has_comment = [](const Token& t) { return !t.comment.empty(); };
  if (parsed.route) return Fault::route;
  if (std::any_of(spec.begin() + 1, spec.end(), has_comment) || (ending != nullptr && has_comment(*ending)))
    return Fault::comment;
  if (parsed.mailbox.local.starts_with("=?")) return Fault::encoded_word;
  if (is_invisible(parsed.mailbox.local)) return Fault::invisible;
  return Fault::none;
}

// `phrase <addr-spec>`; `open` is where the bracket stands.
HeaderAddress angle_address(Tokens tokens, std::size_t open) {
  const Tokens phrase = tokens.first(open);
  const Tokens behind = tokens.subspan(open + 1);
  const auto close = std::find_if(behind.begin(), behind.end(), [](const Token& t) { return t.is('>'); });
  if (close == behind.end()) return unreadable(tokens, Fault::open_bracket);
  if (close + 1 != behind.end()) return unreadable(tokens, Fault::text_behind);
  const Tokens spec = behind.first(static_cast<std::size_t>(close - behind.begin()));
  if (spec.empty()) return unreadable(tokens, Fault::empty);
  const auto parsed = addr_spec(spec);
  if (!parsed) return unreadable(tokens, Fault::bad_address);
  HeaderAddress address{.mailbox = parsed->mailbox, .name = display_name(spoken(phrase)), .raw = raw_of(tokens)};
  address.fault = doubt_about(*parsed, spec, &*close);
  if (spec.front().comment.size() > 0) address.fault = Fault::comment;
  if (is_phrase(phrase)) return address;
  const bool has_address =
      std::all_of(phrase.begin(), phrase.end(), [](const Token& t) { return t.is_word() || t.is('.') || t.is('@'); });
  if (!has_address) return unreadable(tokens, Fault::bad_name);
  // local: an address as a name is against RFC 5322 3.4 and very common; it does no harm where it is the same.
  const auto named = addr_spec(phrase);
  if (!named || named->mailbox != parsed->mailbox) address.fault = Fault::two_readings;
  return address;
}

// `addr-spec`, or `addr-spec (name)` as RFC 822 had it. `ending` is the token behind it.
HeaderAddress bare_address(Tokens tokens, const Token& ending) {
  const auto parsed = addr_spec(tokens);
  if (!parsed) return unreadable(tokens, has(tokens, '@') ? Fault::bad_address : Fault::no_address);
  if (parsed->route) return unreadable(tokens, Fault::bad_address);  // only within brackets
  const std::string_view comment = ending.comment.empty() ? tokens.front().comment : ending.comment;
  HeaderAddress address{.mailbox = parsed->mailbox, .name = display_name(comment_text(comment)), .raw = raw_of(tokens)};
  address.fault = doubt_about(*parsed, tokens, nullptr);
  return address;
}

HeaderAddress read_address(Tokens tokens, const Token& ending) {
  const auto bad =
      std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return t.kind == Token::Kind::bad; });
  if (bad != tokens.end()) return unreadable(tokens, bad->fault);
  const auto open = std::find_if(tokens.begin(), tokens.end(), [](const Token& t) { return t.is('<'); });
  if (open != tokens.end()) return angle_address(tokens, static_cast<std::size_t>(open - tokens.begin()));
  if (has(tokens, '>')) return unreadable(tokens, Fault::open_bracket);
  return bare_address(tokens, ending);
}

class Reader {
 public:
  explicit Reader(Tokens tokens) : tokens_(tokens) {}

  AddressList read() {
    while (tokens_[at_].kind != Token::Kind::end) {
      if (list_.addresses.size() >= kMostHeaderAddresses && !tokens_[at_].is(',')) {
        add(unreadable(tokens_.subspan(at_, 1), Fault::too_many));
        return std::move(list_);
      }
      step();
    }
    if (in_group_) add(unreadable(tokens_.subspan(group_, at_ - group_), Fault::open_group));
    return std::move(list_);
  }

 private:
  void add(HeaderAddress address) { list_.addresses.push_back(std::move(address)); }

  // One comma, one group's beginning or end, or one address.
  void step() {
    const Token& token = tokens_[at_];
    if (token.is(',')) {  // RFC 5322 4.4: empty members
      after_group_ = false;
      ++at_;
    } else if (token.is(';')) {
      if (!in_group_) add(unreadable(tokens_.subspan(at_, 1), Fault::bad_group));
      after_group_ = in_group_;
      in_group_ = false;
      ++at_;
    } else {
      member();
    }
  }

  void member() {
    const std::size_t end = end_of_member();
    const Tokens tokens = tokens_.subspan(at_, end - at_);
    if (tokens_[end].is(':')) {
      const bool fits = !in_group_ && !after_group_ && !tokens.empty() && is_phrase(tokens);
      if (!fits) add(unreadable(tokens_.subspan(at_, end + 1 - at_), Fault::bad_group));
      if (fits) list_.group_names.push_back(display_name(spoken(tokens)));
      if (!in_group_) group_ = at_;
      in_group_ = true;
      ++list_.groups;
      at_ = end + 1;
      return;
    }
    add(after_group_ ? unreadable(tokens, Fault::text_behind) : read_address(tokens, tokens_[end]));
    at_ = end;
  }

  // The comma, semicolon, colon or end behind the member that begins here; those of a route belong to it.
  std::size_t end_of_member() const {
    bool in_route = false;
    std::size_t i = at_;
    for (; tokens_[i].kind != Token::Kind::end; ++i) {
      const Token& token = tokens_[i];
      if (token.is('<')) in_route = tokens_[i + 1].is('@');
      if (token.is('>')) in_route = false;
      if (!in_route && (token.is(',') || token.is(';') || token.is(':'))) break;
      if (token.is(':') || token.is(';')) in_route = false;
    }
    return i;
  }

  const Tokens tokens_;
  std::size_t at_ = 0;
  bool in_group_ = false;
  bool after_group_ = false;
  std::size_t group_ = 0;  ///< where the group at hand begins
  AddressList list_;
};

// RFC 5322 3.6.6
void read_newest_resent(std::span<const HeaderField> fields, HeaderAddresses& addresses) {
  constexpr std::string_view kPrefix = "resent-";
  const auto is_resent = [&](const HeaderField& field) {
    return ascii_iequals(std::string_view(trim(field.name)).substr(0, kPrefix.size()), kPrefix);
  };
  const auto begin = std::find_if(fields.begin(), fields.end(), is_resent);
  for (auto field = begin; field != fields.end() && is_resent(*field) && field - begin < kMostResentFields; ++field) {
    if (std::any_of(begin, field, [&](const HeaderField& before) { return before.is(trim(field->name)); })) break;
    addresses.resent = true;
    if (field->is("Resent-From")) addresses.resent_from.push_back(parse_address_list(field->value));
    if (field->is("Resent-Sender")) addresses.resent_sender.push_back(parse_address_list(field->value));
  }
}

}  // namespace

std::string_view name(AddressFault fault) {
  switch (fault) {
    case Fault::none: return "none";
    case Fault::route: return "a route before the address";
    case Fault::comment: return "a comment within the address";
    case Fault::two_readings: return "another address as display name";
    case Fault::encoded_word: return "an encoded word for a local part";
    case Fault::invisible: return "invisible characters in the local part";
    case Fault::empty: return "empty angle brackets";
    case Fault::no_address: return "no address";
    case Fault::bad_address: return "malformed address";
    case Fault::bad_name: return "malformed display name";
    case Fault::bad_byte: return "a control byte";
    case Fault::open_quote: return "a quoted string that is not closed";
    case Fault::open_comment: return "a comment that is not closed";
    case Fault::open_literal: return "an address literal that is not closed";
    case Fault::open_bracket: return "an angle bracket without its other half";
    case Fault::open_group: return "a group that is not closed";
    case Fault::text_behind: return "text behind the address";
    case Fault::bad_group: return "a malformed group";
    case Fault::too_long: return "too long";
    case Fault::too_many: return "too many addresses";
  }
  return "";
}

AddressList parse_address_list(std::string_view value) {
  const bool cut = value.size() > kMostAddressBytes;
  value = value.substr(0, kMostAddressBytes);
  const std::vector<Token> tokens = address_tokens(value);
  AddressList list = Reader(tokens).read();
  if (cut) {
    std::string raw(value.substr(0, kMaxRawBytes));
    list.addresses.push_back({.mailbox = {}, .name = {}, .raw = std::move(raw), .fault = Fault::too_long});
  }
  return list;
}

HeaderAddresses read_addresses(std::span<const HeaderField> fields) {
  HeaderAddresses addresses;
  read_newest_resent(fields, addresses);
  for (const HeaderField& field : fields) {
    if (field.is("From")) addresses.from.push_back(parse_address_list(field.value));
    if (field.is("Sender")) addresses.sender.push_back(parse_address_list(field.value));
    if (field.is("Reply-To")) addresses.reply_to.push_back(parse_address_list(field.value));
  }
  return addresses;
}

}  // namespace postern
