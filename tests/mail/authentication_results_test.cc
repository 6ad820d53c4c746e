#include "policy/mail/authentication_results.h"

#include <chrono>

#include "policy/base/text.h"
#include "policy/mail/address.h"
#include "policy/mail/facts.h"

namespace postern {
namespace {

TEST(AuthenticationResults, AreWrittenAsRfc8601Says) {
  EXPECT_EQ(authentication_results("mx.example.org", {}), "mx.example.org; none");
  EXPECT_EQ(authentication_results("mx.example.org", {{"iprev", "pass", {{"policy.iprev", "192.0.2.1"}}}}),
            "mx.example.org;\n\tiprev=pass policy.iprev=192.0.2.1");
  EXPECT_EQ(authentication_results("mx.example.org", {{"iprev", "pass", {{"policy.iprev", "2001:db8::1"}}}}),
            "mx.example.org;\n\tiprev=pass policy.iprev=\"2001:db8::1\"");
}

std::string written(std::string value, std::string property = "smtp.mailfrom") {
  const std::string field = authentication_results("mx.example.org", {{"spf", "pass", {{property, std::move(value)}}}});
  constexpr std::string_view kBefore = "mx.example.org;\n\tspf=pass";
  EXPECT_TRUE(field.starts_with(kBefore)) << field;
  const std::size_t equals = field.find('=', kBefore.size());
  return equals == std::string::npos ? "-" : field.substr(equals + 1);
}

TEST(AuthenticationResults, WriteAnAddressAsItsGrammarHasIt) {  // RFC 8601 2.2, pvalue
  EXPECT_EQ(written("Eva+x@Example.org"), "Eva+x@example.org");
  EXPECT_EQ(written("\"a b\"@example.org"), "\"a b\"@example.org");
  EXPECT_EQ(written("a..b@example.org"), "\"a..b\"@example.org");
  EXPECT_EQ(written("o'neil@example.org"), "o'neil@example.org");
  EXPECT_EQ(written("@example.org"), "@example.org");
  EXPECT_EQ(written("eva@gr\xc3\xbc\xc3\x9f.example"), "eva@xn--gr-hia9i.example");
  EXPECT_EQ(written("\xc3\xa9va@example.org"), "@example.org") << "the message may be one that takes ASCII alone";
  EXPECT_EQ(written("a@[192.0.2.1]"), "\"a@[192.0.2.1]\"");
  EXPECT_EQ(written("a/b=c"), "\"a/b=c\"");
  EXPECT_EQ(written("legit.example'x"), "\"legit.example'x\"") << "bare are letters, digits, hyphens and dots";
  EXPECT_EQ(written(""), "\"\"");
}

// FAULTS T18
TEST(AuthenticationResults, AHostileValueStaysAValueOrIsLeftOut) {
  EXPECT_EQ(written("x\"; spf=pass"), "\"x\\\"; spf=pass\"");
  EXPECT_EQ(written("\"x\\\"; spf=pass (\"@example.org"), "\"x\\\"; spf=pass (\"@example.org");
  for (const char* value : {"x\r\n\ty", "a\x7f", "\xff", "a@example.net(.example.com", "a@b@c", "@a,@b:c@d", "@",
                            "a@b;c", "<a@b>", "a@\"b\""})
    EXPECT_EQ(written(value), "-") << value;
  EXPECT_EQ(written(std::string("a\0b", 3)), "-");
  EXPECT_EQ(written(std::string(320, 'x')).size(), 320u);
  EXPECT_EQ(written(std::string(321, 'x')), "-");
}

TEST(AuthenticationResults, SayWhyInWords) {
  EXPECT_EQ(authentication_results("a", {{"dkim", "fail", {{"header.d", "b.example"}}, "bad \"sig\"\r\n;\xff"}}),
            "a;\n\tdkim=fail reason=\"bad \\\"sig\\\"  ;?\" header.d=b.example");
}

TEST(AuthenticationResults, AreFoldedBefore78Columns) {
  std::vector<AuthenticationResult> results;
  for (int i = 0; i < 20; ++i)
    results.push_back({"dkim",
                       "pass",
                       {{"header.d", std::string(static_cast<std::size_t>(i), 'd') + ".example"},
                        {"header.s", "selector"},
                        {"header.a", "rsa-sha256"},
                        {"header.b", "AbCdEf12"}}});
  const std::string field = authentication_results("mx.example.org", results);
  for (const std::string_view line : split(field, '\n'))
    EXPECT_LE(line.size() + (line.starts_with('\t') ? 7 : 24), 78u) << line;
}

// What clients have tried, put where a MAIL FROM can hold it.
std::vector<std::string> hostile_senders() {
  using namespace std::string_view_literals;
  std::vector<std::string> values;
  for (const std::string_view seed : {"a\r\nX: 1"sv,
                                      "a\nb"sv,
                                      "a\rb"sv,
                                      "\n"sv,
                                      "a\0b"sv,
                                      "a\x1b[2J"sv,
                                      "a\x7f"sv,
                                      "a\x85"sv,
                                      "\xff\xfe"sv,
                                      "\xe2\x80\xae"sv,
                                      "x; spf=pass"sv,
                                      "x\"; spf=pass"sv,
                                      "x\\\"; d=pass"sv,
                                      "x\\"sv,
                                      "x\" (c) ; d=pass"sv,
                                      "b.example(.c"sv,
                                      "b.example(; d=p"sv,
                                      "x) ; spf=pass"sv,
                                      "x;\n\ts=p"sv,
                                      "x;\r\n s=p"sv,
                                      "@a,@b:c"sv,
                                      "l'\"(any"sv,
                                      "=?utf-8?q?X=0D?="sv,
                                      "%0a%0d"sv,
                                      "   "sv,
                                      "\t"sv,
                                      "::::"sv,
                                      "gr\xc3\xbc\xc3\x9f"sv,
                                      "a@b"sv,
                                      "a@\"b\""sv,
                                      "."sv,
                                      "a..b"sv,
                                      "(c)"sv,
                                      "a=b"sv,
                                      "reason=x"sv,
                                      "none"sv,
                                      "\\\\"sv,
                                      "\"\""sv,
                                      ";"sv,
                                      ","sv}) {
    const std::string text(seed);
    for (const std::string& value : {text, text + "@b.example", "\"" + text + "\"@b.example", "a@" + text + ".example",
                                     "<" + text + ">", "a@b.example" + text})
      values.push_back(value);
  }
  return values;
}

// Does a reader of `field` find one result, `spf=fail`, and `value` or no value?
bool says_what_we_found(const std::string& field, const std::string& value) {
  const auto read = parse_authentication_results(field);
  if (!read || read->authserv_id != "mx.example.org" || read->results.size() != 1) return false;
  const AuthenticationResult& r = read->results.front();
  if (r.method != "spf" || r.result != "fail" || !r.reason.empty()) return false;
  if (r.properties.empty()) return true;
  const auto mailbox = Path::parse(value).mailbox;
  const std::string domain = mailbox && mailbox->domain ? "@" + mailbox->domain->text() : "";
  const std::string& said = r.properties.front().value;
  return r.properties.size() == 1 && r.properties.front().name == "smtp.mailfrom" &&
         (said == value || (mailbox && said == mailbox->text()) || said == domain);
}

TEST(AuthenticationResults, SayTwoHundredTimesWhatWeFound) {
  const auto values = hostile_senders();
  ASSERT_GE(values.size(), 200u);
  int fooled = 0;
  int whole = 0;
  for (const std::string& value : values) {
    const std::string field = authentication_results("mx.example.org", {{"spf", "fail", {{"smtp.mailfrom", value}}}});
    EXPECT_TRUE(says_what_we_found(field, value)) << printable(value) << ": " << field;
    if (field.find('@') != std::string::npos) ++whole;
    if (!says_what_we_found("mx.example.org;\n\tspf=fail smtp.mailfrom=" + value, value)) ++fooled;
  }
  EXPECT_GT(whole, 30) << "not all are left out";
  EXPECT_GT(fooled, 150) << "without the encoder";
}

std::string read(std::string_view value) {
  const auto parsed = parse_authentication_results(value);
  if (!parsed) return "-";
  std::string out = parsed->authserv_id;
  for (const AuthenticationResult& r : parsed->results) {
    out += "|" + r.method + "=" + r.result + (r.reason.empty() ? "" : " reason=" + r.reason);
    for (const auto& property : r.properties) out += " " + property.name + "=" + property.value;
  }
  return out;
}

TEST(ParseAuthenticationResults, TakesWhatTheGrammarHas) {  // RFC 8601 2.2 and appendix B
  EXPECT_EQ(read(" example.org 1; none"), "example.org");
  EXPECT_EQ(read("example.com;\r\n\tspf=pass smtp.mailfrom=example.net"),
            "example.com|spf=pass smtp.mailfrom=example.net");
  EXPECT_EQ(
      read("Example.com; auth=pass (cram-md5) smtp.auth=sender@example.net;\n spf=pass smtp.mailfrom=example.net"),
      "example.com|auth=pass smtp.auth=sender@example.net|spf=pass smtp.mailfrom=example.net");
  EXPECT_EQ(read("foo.example.net (foobar) 1 (baz);\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\n"
                 " policy (A dot can go here) . (like that) expired\n (this surprised me) = (as I wasn't expecting it) "
                 "1362471462"),
            "foo.example.net|dkim=fail policy.expired=1362471462");
  EXPECT_EQ(read("a; dkim=fail reason=\"bad (x) ; \\\"y\\\"\" header.i=@mail.example; x=y;"),
            "a|dkim=fail reason=bad (x) ; \"y\" header.i=@mail.example|x=y");
  EXPECT_EQ(read("\"a b\"; spf=pass smtp.mailfrom=\"x \\\\ y\"@b.example"),
            "a b|spf=pass smtp.mailfrom=\"x \\\\ y\"@b.example");
  EXPECT_EQ(read("a; dkim=pass header.b=aB/c+=="), "a|dkim=pass header.b=aB/c+==") << "as large providers write it";
}

TEST(ParseAuthenticationResults, RefusesTheRest) {
  for (const char* value : {"",
                            ";",
                            "a",
                            "a;",
                            "a b; none",
                            "a; none; none",
                            "a; none x",
                            "a; spf",
                            "a; spf=",
                            "a; =pass",
                            "a; spf=pass x",
                            "a; spf=pass x=y",
                            "a; spf=pass x.=y",
                            "a; spf=pass x.y",
                            "a; spf=pass x.y=",
                            "a; spf=pass x.y=\"z",
                            "a; spf=pass x.y=z reason=w",
                            "a; spf=pass reason=v reason=w",
                            "a; spf=pass (open",
                            "a; spf=pass )",
                            "a; spf=pass\n",
                            "a; spf=pass\nb: c",
                            "a; spf=pass\r x.y=z",
                            "a; spf=pass x.y=\x01",
                            "a; spf/x=pass",
                            "a;; spf=pass",
                            "a; spf=pass,dkim=pass",
                            "a; spf=pass x.y=b@c@d",
                            "a; spf=pass x.y=\"b\"@",
                            "(a; spf=pass",
                            "a; spf=pass x.y=b@",
                            "a; spf=pass (\\)",
                            "\"a; spf=pass"})
    EXPECT_EQ(read(value), "-") << value;
  EXPECT_EQ(read(std::string_view("a; spf=pass\0", 12)), "-");
}

// FAULTS T19
TEST(ParseAuthenticationResults, IsBounded) {
  const auto field = [](int count, std::string_view result) {
    std::string text = "a";
    for (int i = 0; i < count; ++i) text += result;
    return text;
  };
  for (const int count : {17, 100}) {
    const auto parsed = parse_authentication_results(field(count, "; dkim=pass (c) header.d=b.example"));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->results.size(), static_cast<std::size_t>(count));
    EXPECT_FALSE(parsed->capped);
  }
  const auto parsed = parse_authentication_results(field(10'000, "; dkim=pass (c) header.d=b.example"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->results.size(), kMostAuthenticationResults);
  EXPECT_TRUE(parsed->capped);
  const auto properties = parse_authentication_results("a; x=y" + field(10'000, " x.y=z").substr(1));
  ASSERT_TRUE(properties);
  EXPECT_EQ(properties->results.front().properties.size(), kMostResultProperties);
  EXPECT_TRUE(properties->capped);
  EXPECT_FALSE(parse_authentication_results(field(1'000'000, "(")));
  EXPECT_EQ(read("a" + std::string(100'000, '(') + std::string(100'000, ')') + "; none"), "a") << "without recursion";
}

TEST(ClaimedAuthservId, IsReadAsAReaderWould) {
  for (const char* value :
       {" mx.example.org; spf=pass", "MX.EXAMPLE.ORG 1; none", "\n\t(a (nested) \\) comment) mx.example.org;",
        "\"mx.example.org\" ; x", "mx.example.org.; x", "mx.example.org(c)/1", "mx.example.org"}) {
    EXPECT_EQ(claimed_authserv_id(value), "mx.example.org") << value;
  }
  for (const char* value : {"", ";", "(unclosed mx.example.org", "other.example; mx.example.org"})
    EXPECT_NE(claimed_authserv_id(value), "mx.example.org") << value;
}

}  // namespace
}  // namespace postern
