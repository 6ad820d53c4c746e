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
#include "tests/engine/hostile_values.h"

namespace postern {
namespace {

using namespace std::string_view_literals;

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

// A value that cannot be printed is left out.
bool says_what_we_found(const std::string& field) {
  if (!is_one_field("Authentication-Results", field)) return false;
  const auto read = parse_authentication_results(field);
  if (!read || read->authserv_id != "mx.example.org" || read->results.size() != 1) return false;
  const AuthenticationResult& r = read->results.front();
  const bool has_one_value = r.properties.size() == 1 && r.properties.front().name == "smtp.mailfrom";
  return r.method == "spf" && r.result == "fail" && r.reason.empty() && (r.properties.empty() || has_one_value);
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
    EXPECT_TRUE(
        says_what_we_found(authentication_results("mx.example.org", {{"spf", "fail", {{"smtp.mailfrom", value}}}})))
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
    const auto read = parse_authentication_results(edits.front().value);
    ASSERT_TRUE(read) << edits.front().value;
    EXPECT_EQ(read->results.size(), 1u);
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
