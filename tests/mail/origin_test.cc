#include "policy/mail/origin.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace postern {
namespace {

namespace fs = std::filesystem;

/// The fields of a header, one a line, folds as the MTA shows them.
std::vector<HeaderField> fields_of(std::string_view text) {
  std::vector<HeaderField> fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty() || line == "\r") break;
    if (line.front() == ' ' || line.front() == '\t') {
      if (!fields.empty()) fields.back().value += "\n" + std::string(line);
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      fields.push_back({.name = std::string(line.substr(0, colon)), .value = std::string(line.substr(colon + 1))});
    }
  }
  return fields;
}

OriginFound find(std::string_view sender, std::span<const HeaderField> fields) {
  return find_origin(Path::parse(sender), fields, read_addresses(fields));
}

// `origin account`
std::string told(std::string_view sender, std::string_view header) {
  const OriginFound found = find(sender, fields_of(header));
  return std::string(name(found.origin)) + (found.account.empty() ? "" : " " + found.account);
}

struct Row {
  std::string_view sender;
  std::string_view header;
  const char* told;
};

constexpr Row kDirect[] = {
    {"<a@x.example>", "From: b@y.example\n", "direct a@x.example"},
    {"<A.b@X.Example>", "", "direct A.b@x.example"},
    {"<postmaster>", "", "direct postmaster"},
    {"not an address", "From: b@y.example\n", "direct b@y.example"},
    {"not an address", "", "direct"},
    {"<prvs=1234abcdef=a@x.example>", "", "direct a@x.example"},  // BATV is no forward
    {"<prvs=a=1234abcdef@x.example>", "", "direct a@x.example"},
    {"<prvs=@x.example>", "", "direct prvs=@x.example"},
    {"<a@x.example>", "Auto-Submitted: no\nPrecedence: normal\n", "direct a@x.example"},
    {"<a@x.example>", "Auto-Submitted: (yes) NO; owner=b\n", "direct a@x.example"},
    {"<a@x.example>", "Auto-Submitted:\n", "direct a@x.example"},
    {"<a@x.example>", "Precedence: bulk\n", "direct a@x.example"},
    {"<a@x.example>", "List-Unsubscribe: <https://x.example/u>\n", "direct a@x.example"},  // a newsletter
    {"<a@x.example>", "X-Forwarded-For: 192.0.2.7\n", "direct a@x.example"},               // webmail: the browser
    {"<a@x.example>", "Delivered-To:\nX-Forwarded-To: nobody\n", "direct a@x.example"},
    {"<a@x.example>", "Content-Type: multipart/report; report-type=delivery-status\n", "direct a@x.example"},
    {"<srs0@x.example>", "", "direct srs0@x.example"},
};

constexpr Row kDsn[] = {
    {"<>", "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n", "dsn"},
    {"<>", "content-type: Multipart/Report;\n\tboundary=\"a;report-type=x\";\n\tReport-Type=\"Delivery-Status\"\n",
     "dsn"},
    {"<>", "Content-Type: multipart/report (a report); report-type=disposition-notification\n", "dsn"},
    {"<>", "Content-Type: multipart/report; report-type=global-delivery-status\n", "dsn"},
    {"<>", "Content-Type: multipart/report; boundary=b\n", "dsn"},
    {"<>", "X-Failed-Recipients: a@x.example\n", "dsn"},
    {"<>", "From: Mail Delivery System <MAILER-DAEMON@x.example>\nAuto-Submitted: auto-replied\n", "dsn"},
    {"<>", "From: MAILER-DAEMON\n", "dsn"},
    {"<>", "From: Postmaster@x.example\n", "dsn"},
    {"<>", "Content-Type: multipart/report; report-type=delivery-status\nDelivered-To: a@x.example\n", "dsn"},
    {"<>", "From: a@x.example\nContent-Type: multipart/report; report-type=feedback-report\n",
     "auto-reply a@x.example"},
};

constexpr Row kForward[] = {
    {"<SRS0=HHHH=TT=x.example=a@f.example>", "", "forward f.example"},
    {"<srs0+HHHH=TT=x.example=a@f.example>", "", "forward f.example"},
    {"<SRS1=HHHH=f.example==HHHH=TT=x.example=a@g.example>", "", "forward g.example"},
    {"<SRS0=HHHH=TT=x.example=a@f.example>", "Delivered-To: b@f.example\n", "forward b@f.example"},
    {"<SRS0=HHHH=TT=x.example=a@f.example>", "List-Id: <l.x.example>\n", "forward f.example"},
    {"<b+caf_=c=y.example@gmail.example>", "Delivered-To: c@y.example\n", "forward b@gmail.example"},
    {"<a@x.example>", "X-Forwarded-To: c@y.example\nX-Forwarded-For: b@f.example c@y.example\n", "forward b@f.example"},
    {"<a@x.example>", "X-Forwarded-To: c@y.example\n", "forward a@x.example"},
    {"<a@x.example>", "Delivered-To: b@f.example\nDelivered-To: c@g.example\n", "forward b@f.example"},
    {"<a@x.example>", "Resent-From: B <b@f.example>\nFrom: a@x.example\n", "forward b@f.example"},
    {"<a@x.example>", "Delivered-To: b@f.example\nAuto-Submitted: auto-generated\n", "forward b@f.example"},
    {"<>", "Delivered-To: b@f.example\nFrom: a@x.example\n", "forward b@f.example"},
    {"<l-bounces@x.example>", "Delivered-To: b@f.example\nList-Id: <l.x.example>\n", "forward b@f.example"},
    {"<b@f.example>", "Resent-From: b@f.example\nList-Id: <l.x.example>\n", "forward b@f.example"},
};

constexpr Row kList[] = {
    {"<l-bounces@x.example>", "List-Id: The list <l.x.example>\n", "list l.x.example"},
    {"<l-bounces@x.example>", "List-Id: l.x.example\n", "list l.x.example"},
    {"<l-bounces@x.example>", "List-Id: <l.x.example>\nList-Post: <mailto:l@x.example>\n", "list l@x.example"},
    {"<l-bounces@x.example>", "List-Post: <https://x.example/p>, <MAILTO:l%2Ba@x.example?subject=b> (c)\n",
     "list l+a@x.example"},
    {"<l-bounces@x.example>", "List-Post: NO (announcements)\n", "list l-bounces@x.example"},
    {"<l-bounces@x.example>", "Precedence: List\n", "list l-bounces@x.example"},
    {"<l-bounces@x.example>", "Precedence: bulk\nList-Help: <mailto:h@x.example>\n", "list l-bounces@x.example"},
    {"<l-bounces@x.example>", "List-Id: <l.x.example>\nAuto-Submitted: auto-generated\n", "list l.x.example"},
    // what the list's own delivery left, and what SmartList writes
    {"<l-bounces@x.example>", "Delivered-To: l@x.example\nList-Id: <l.x.example>\n", "list l.x.example"},
    {"<l-bounces@x.example>", "Delivered-To: mailing list l@x.example\nList-Post: <mailto:l@x.example>\n",
     "list l@x.example"},
    {"<bounce-l@x.example>", "Resent-From: a@y.example\nList-Id: <l.x.example>\n", "list l.x.example"},
    {"<>", "List-Id: <l.x.example>\nFrom: a@y.example\n", "list l.x.example"},
};

constexpr Row kAutoReply[] = {
    {"<a@x.example>", "Auto-Submitted: auto-replied (vacation)\n", "auto-reply a@x.example"},
    {"<a@x.example>", "Auto-Submitted: auto-generated; owner-email=\"b@x.example\"\n", "auto-reply a@x.example"},
    {"<a@x.example>", "Auto-Submitted: no\nAuto-Submitted: auto-replied\n", "auto-reply a@x.example"},
    {"<a@x.example>", "X-Autoreply: yes\n", "auto-reply a@x.example"},
    {"<a@x.example>", "X-Autorespond: Out of office\n", "auto-reply a@x.example"},
    {"<a@x.example>", "Precedence: auto_reply\n", "auto-reply a@x.example"},
    {"<>", "From: A <a@x.example>\n", "auto-reply a@x.example"},
    {"<>", "From: not an address\n", "auto-reply"},
    {"<>", "", "auto-reply"},
};

void check(std::span<const Row> rows) {
  for (const Row& row : rows) EXPECT_EQ(told(row.sender, row.header), row.told) << row.sender << "\n" << row.header;
}

TEST(Origin, IsDirectWhereNothingSaysOtherwise) { check(kDirect); }
TEST(Origin, IsAReportOnlyWithTheNullReversePath) { check(kDsn); }
TEST(Origin, IsAForwardOfTheMailboxThatSendsItOn) { check(kForward); }
TEST(Origin, IsAListThatNamesItself) { check(kList); }
TEST(Origin, IsAnAutoReplyByItsFields) { check(kAutoReply); }

TEST(Origin, OfHostileInputIsAnsweredInTime) {
  const auto began = std::chrono::steady_clock::now();
  std::vector<HeaderField> fields;
  const std::string names[] = {"Content-Type", "List-Post",      "List-Id", "Delivered-To", "X-Forwarded-For",
                               "Precedence",   "Auto-Submitted", "From",    "Resent-From"};
  const std::string pieces[] = {std::string(200'000, '('),
                                std::string(200'000, ';'),
                                std::string(200'000, '<'),
                                std::string(200'000, '"'),
                                std::string("a\0b@x.example\r\nc", 16),
                                "=;=;\"\\",
                                "<mailto:%",
                                "<mailto:%0d%0aX@x.example>",
                                "multipart/report;report-type"};
  for (const std::string& field : names) {
    for (const std::string& piece : pieces) {
      fields.push_back({.name = field, .value = " " + piece});
      fields.push_back({.name = field, .value = " multipart/report; " + piece});
    }
  }
  for (const std::string_view sender :
       {"<>", "<a@x.example>", "<SRS0=@x.example>", "<+caf_=@x.example>", "<prvs==@x.example>"}) {
    const std::string account = find(sender, fields).account;
    EXPECT_EQ(account.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos) << sender;
  }
  for (const HeaderField& field : fields) {
    for (const std::string_view sender : {"<>", "<a@x.example>"}) find(sender, {&field, 1});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

/// $POSTERN_SHARED, or `shared` beside the project.
fs::path testdata() {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata";
}

// Without what the collector's own deliveries added.
std::vector<HeaderField> fields_on_the_wire(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  std::erase(text, '\r');
  std::vector<HeaderField> fields = fields_of(text);
  std::erase_if(fields, [](const HeaderField& field) { return field.is("Delivered-To"); });
  return fields;
}

TEST(Origin, OfRealBouncesIsAReport) {
  const fs::path samples = testdata() / "dsn";
  if (!fs::exists(samples)) GTEST_SKIP() << samples << " is not there";
  int all = 0, bounces = 0, reports = 0;
  for (const char* folder : {"samples", "rfc3464"}) {
    for (const auto& entry : fs::recursive_directory_iterator(samples / folder)) {
      if (!entry.is_regular_file()) continue;
      ++all;
      const std::string file = entry.path().filename().string();
      if (file.starts_with("rfc3834") || file.starts_with("arf")) continue;  // vacation, and reports of abuse
      ++bounces;
      reports += find("<>", fields_on_the_wire(entry.path())).origin == Origin::dsn ? 1 : 0;
    }
  }
  EXPECT_EQ(all, 107);
  EXPECT_GE(bounces, 90);
  EXPECT_GE(reports, bounces - 8);  // those write as somebody else, or as nobody
}

TEST(Origin, OfRealMailIsWhatItsListSays) {
  const fs::path corpus = testdata() / "mail" / "corpus";
  if (!fs::exists(corpus)) GTEST_SKIP() << corpus << " is not there";
  int lists = 0;
  for (const auto& entry : fs::recursive_directory_iterator(corpus)) {
    if (!entry.is_regular_file()) continue;
    const std::vector<HeaderField> fields = fields_on_the_wire(entry.path());
    std::string sender = "<a@x.example>";
    for (const HeaderField& field : fields) {
      if (field.is("Return-Path")) sender = field.unfolded();
    }
    const Origin origin = find(sender, fields).origin;
    const bool has_id = std::any_of(fields.begin(), fields.end(), [](const HeaderField& f) { return f.is("List-Id"); });
    lists += has_id ? 1 : 0;
    EXPECT_TRUE(!has_id || origin == Origin::list) << entry.path() << " " << name(origin);
  }
  EXPECT_GE(lists, 300);
}

}  // namespace
}  // namespace postern
