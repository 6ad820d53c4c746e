// FAULTS T17, T18: whatever a client calls itself, each field that we add is one field, and our Authentication-Results say
// what we found and nothing else.

#include <optional>

#include "config/configuration.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "policy/engine/session.h"
#include "policy/mail/authentication_results.h"
#include "policy/mail/encoded_word.h"
#include "policy/mail/field_value.h"

namespace postern {
namespace {

using namespace std::string_view_literals;

// What clients have tried to make of a header (espoofer A4 to A7, CVE-2020-12272, CVE-2020-28015), and what else bytes do.
constexpr std::string_view kSeeds[] = {
    "a\r\nX-Evil: 1"sv,
    "a\nX-Evil: 1"sv,
    "a\rX-Evil: 1"sv,
    "a\n\nbody"sv,
    "a\r\n\r\nbody"sv,
    "a\r\n.\r\nMAIL FROM:<x@y.example>"sv,
    "a\r\n\r\n\r\n"sv,
    "\n"sv,
    "\r\n"sv,
    "\n\t\n\t"sv,
    "a\n \nX-Evil: 1"sv,
    "a\0b"sv,
    "\0\0"sv,
    "a\x1b[2Jb"sv,
    "a\x7f\x08"sv,
    "a\x0b\x0c"sv,
    "a\x85\x9b"sv,
    "a\xc2\x85"
    "b"sv,
    "\xff\xfe\xc0\xaf"sv,
    "\xe2\x80\xaemoc.elpmaxe"sv,
    "x; spf=pass"sv,
    "x\"; spf=pass smtp.mailfrom=\"y"sv,
    "x\\\"; dkim=pass"sv,
    "x\\"sv,
    "x\" (c) ; dmarc=pass"sv,
    "example.net(.example.com"sv,
    "example.net(; spf=pass"sv,
    "x) ; spf=pass"sv,
    "x;\n\tspf=pass"sv,
    "x;\r\n spf=pass smtp.mailfrom=y"sv,
    "@a,@b:c"sv,
    "legit.example'\"(any.example"sv,
    "=?utf-8?q?X=0D=0AY:_1?="sv,
    "=?utf-8?b?DQpYOiAx?= =?x?q?y?="sv,
    "%0a%0dX: 1 %s%n"sv,
    "{sender} {{"sv,
    "   "sv,
    "\t\t"sv,
    "a  b\tc "sv,
    "::::"sv,
    "gr\xc3\xbc\xc3\x9f"sv,
    "\xe6\x97\xa5\xe6\x9c\xac"sv,
};

std::vector<std::string> hostile_values() {
  std::vector<std::string> values;
  for (const std::string_view seed : kSeeds) {
    const std::string text(seed);
    for (const std::string& value : {text, text + "@b.example", "\"" + text + "\"@b.example", "a@" + text + ".example",
                                     "<" + text + std::string(200, 'x') + ">"})
      values.push_back(value);
  }
  return values;
}

// How many fields a reader of the message finds in `name: value`, and nothing where one holds what no field may.
std::optional<std::size_t> fields_in(const std::string& name, const std::string& value) {
  std::size_t fields = 0;
  const std::string text = name + ": " + value;
  for (const std::string_view line : split(text, '\n')) {
    const bool folded = line.starts_with(' ') || line.starts_with('\t');
    if (!folded || fields == 0) ++fields;
    if (trim(line).empty()) return std::nullopt;  // RFC 5322 3.2.2, and the end of the header
    for (const char c : line) {
      if ((c < 0x20 && c != '\t') || c == 0x7f) return std::nullopt;  // char is signed: bytes beyond ASCII, too
    }
  }
  return fields;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view word : split(text, ' ')) {
    if (!trim(word).empty()) out.emplace_back(trim(word));
  }
  return out;
}

bool is_one_field(const std::string& name, const std::string& value) { return fields_in(name, value) == 1u; }

// A strict reader of Authentication-Results (RFC 8601 2.2), of the form alone that we write.
class StrictResults {
 public:
  struct Result {
    std::string method, result, property, value;
  };

  // Nothing where `field` is not `id; method=result property=value; …` to its last byte.
  static std::optional<std::vector<Result>> read(const std::string& field, std::string_view id) {
    if (!is_one_field("Authentication-Results", field)) return std::nullopt;
    StrictResults reader(HeaderField{.name = {}, .value = field}.unfolded());
    std::vector<Result> results;
    if (reader.token() != id) return std::nullopt;
    while (!reader.rest_.empty()) {
      Result r;
      if (!reader.take(';')) return std::nullopt;
      reader.blanks();
      r.method = reader.token();
      if (!reader.take('=')) return std::nullopt;
      r.result = reader.token();
      reader.blanks();
      r.property = reader.token();
      if (!reader.take('=')) return std::nullopt;
      const auto value = reader.value();
      if (!value || r.method.empty() || r.result.empty() || r.property.empty()) return std::nullopt;
      r.value = *value;
      results.push_back(r);
    }
    return results;
  }

 private:
  explicit StrictResults(std::string text) : text_(std::move(text)), rest_(text_) {}

  void blanks() {
    while (take(' ') || take('\t')) {
    }
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string token() {  // RFC 2045 5.1
    std::string out;
    while (!rest_.empty() && rest_.front() > 0x20 && rest_.front() < 0x7f &&
           "()<>@,;:\\\"/[]?="sv.find(rest_.front()) == std::string_view::npos) {
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return out;
  }
  std::optional<std::string> value() {
    if (!take('"')) {
      const std::string plain = token();
      return plain.empty() ? std::nullopt : std::optional(plain);
    }
    std::string out;
    while (!rest_.empty() && rest_.front() != '"') {
      if (take('\\') && rest_.empty()) return std::nullopt;
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return take('"') ? std::optional(out) : std::nullopt;
  }

  const std::string text_;
  std::string_view rest_;
};

bool says_what_we_found(const std::string& field) {
  const auto results = StrictResults::read(field, "mx.example.org");
  return results && results->size() == 1 && results->front().method == "spf" && results->front().result == "fail" &&
         results->front().property == "smtp.mailfrom" && claimed_authserv_id(field) == "mx.example.org";
}

TEST(AddedFields, AreTwoHundredTimesOneField) {
  const auto values = hostile_values();
  ASSERT_GE(values.size(), 200u);
  int broken = 0;
  for (const std::string& value : values) {
    const std::string encoded = "x" + field_value("X-Note", "x" + value);
    EXPECT_TRUE(is_one_field("X-Note", encoded)) << printable(value);
    if (!is_one_field("X-Note", "x" + value)) ++broken;  // without the encoder
  }
  EXPECT_GT(broken, 80);
}

TEST(AddedFields, SayWhatTheyWereGiven) {
  for (const std::string& value : hostile_values()) {
    std::string clean = replace_invalid_utf8(value);
    const bool encoded = clean.find("=?") != std::string::npos || clean != value ||
                         std::any_of(clean.begin(), clean.end(), [](char c) { return c < 0; });
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, ' ');
    std::string read = decode_words(HeaderField{.name = {}, .value = field_value("X-Note", value)}.unfolded());
    std::replace(read.begin(), read.end(), '\t', ' ');  // folds
    if (encoded) {
      EXPECT_EQ(read, clean) << printable(value);
    } else {
      EXPECT_EQ(join(words(read), " "), join(words(clean), " ")) << printable(value);
    }
  }
}

TEST(AuthenticationResultsField, SaysTwoHundredTimesWhatWeFound) {
  int fooled = 0;
  for (const std::string& value : hostile_values()) {
    EXPECT_TRUE(says_what_we_found(authentication_results("mx.example.org", {{"spf", "fail", "smtp.mailfrom", value}})))
        << printable(value);
    // Without quotes and with every byte as it came.
    if (!says_what_we_found("mx.example.org;\n\tspf=fail smtp.mailfrom=" + value)) ++fooled;
  }
  EXPECT_GT(fooled, 150);
}

// A whole message of such a client: all edits that come out of it.
std::vector<Edit> edits_for(const std::string& value, bool encodes) {
  static const auto policy = [] {
    Problems problems;
    return config::load_text(
               "test",
               "version: 1\nsite: {hostname: mx.example.org, domains: [example.org]}\nrules:\n"
               "  - {name: note, when: 'iprev is not pass', add_header: {X-Note: 'of {sender} {helo} {client.name} "
               "{from} {from.name} {header.Subject}'}}\n",
               ".", {}, problems)
        ->policy;
  }();
  std::vector<std::string> lines;
  Log log(LogForm::logfmt, lines);
  Counters counters;
  const auto zone = dns::ZoneResolver::parse("zone", "").value();
  Pool pool("none", 0, 0);
  SystemClock clock;
  Services services{.clock = clock, .log = log, .counters = counters, .dns = *zone, .pool = pool};
  services.limits.encodes_values = encodes;
  Session session(services, {policy, {}, {}});
  session.connect(
      Client{.ip = IpAddress::parse("8.8.8.8"), .name = value, .ptr = {}, .port = 1, .listener = {}, .local = false},
      nullptr);
  Greeting greeting;
  greeting.helo = value;
  session.mail(Sender{.path = Path::parse(value), .login = {}, .auth_type = {}, .declared_size = {}, .smtputf8 = false},
               greeting, nullptr);
  session.rcpt({Path::parse("<b@example.org>")}, nullptr);
  session.header({"From", value});
  session.header({"Subject", value});
  session.end_of_headers(nullptr);
  return session.end_of_message(nullptr).edits;
}

TEST(AddedFields, OfAWholeMessageAreOneFieldEach) {
  for (const std::string& value : hostile_values()) {
    const std::vector<Edit> edits = edits_for(value, true);
    ASSERT_EQ(edits.size(), 2u) << printable(value);
    for (const Edit& edit : edits) EXPECT_TRUE(is_one_field(edit.name, edit.value)) << edit.value;
    const auto results = StrictResults::read(edits.front().value, "mx.example.org");
    ASSERT_TRUE(results) << edits.front().value;
    EXPECT_EQ(results->size(), 1u);
  }
}

// A fact comes into a text printable already (control bytes as \\xNN), so that without the encoder it is the rest that breaks.
TEST(AddedFields, CouldNotBeOneFieldWithoutTheEncoder) {
  int broken = 0;
  for (const std::string& value : hostile_values()) {
    for (const Edit& edit : edits_for(value, false)) broken += is_one_field(edit.name, edit.value) ? 0 : 1;
  }
  EXPECT_GE(broken, 10);
}

}  // namespace
}  // namespace postern
