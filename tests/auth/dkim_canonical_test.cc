// Canonical forms of fields and bodies.

#include <gtest/gtest.h>

#include <random>

#include "policy/auth/dkim/canonical.h"
#include "policy/auth/dkim/canonical_body.h"

namespace postern::dkim {
namespace {

constexpr auto kSimple = Canonicalization::simple;
constexpr auto kRelaxed = Canonicalization::relaxed;

class Collected final : public BodySink {
 public:
  void take(std::string_view bytes) override { text += bytes; }
  std::string text;
};

std::string canonical(const std::vector<std::string_view>& chunks, Canonicalization form) {
  Collected collected;
  CanonicalBody body(form, collected);
  for (const auto chunk : chunks) body.update(chunk);
  body.finish();
  EXPECT_EQ(body.bytes(), collected.text.size());
  return collected.text;
}
std::string canonical(std::string_view body, Canonicalization form) {
  return canonical(std::vector<std::string_view>{body}, form);
}

/// RFC 6376 3.4.3 and 3.4.4 again, the slow way.
std::string by_the_book(std::string_view body, Canonicalization form) {
  std::vector<std::string> lines;
  for (;;) {
    const auto end = body.find("\r\n");
    std::string line(body.substr(0, end));
    if (form == kRelaxed) {
      std::string out;
      for (const char c : line) {
        const bool blank = c == ' ' || c == '\t';
        if (!blank)
          out += c;
        else if (out.empty() || out.back() != ' ')
          out += ' ';
      }
      if (!out.empty() && out.back() == ' ') out.pop_back();
      line = out;
    }
    lines.push_back(line);
    if (end == std::string_view::npos) break;
    body.remove_prefix(end + 2);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::string out;
  for (const auto& line : lines) out += line + "\r\n";
  return out.empty() && form == kSimple ? "\r\n" : out;
}

std::string random_body(std::mt19937& dice, std::string_view letters, std::size_t size) {
  std::string body;
  while (body.size() < size) {
    const auto roll = dice() % (letters.size() + 2);
    if (roll < letters.size())
      body += letters[roll];
    else if (roll == letters.size())
      body += "\r\n";
    else
      body.append(dice() % 100, 'x');
  }
  return body;
}

std::string field(std::string name, std::string value, Canonicalization form) {
  std::string out;
  append_field(out, {std::move(name), std::move(value)}, form);
  return out;
}
std::string signature(std::string value, Canonicalization form) {
  std::string out;
  append_signature_field(out, {"DKIM-Signature", std::move(value)}, form);
  return out;
}

TEST(DkimFieldForm, IsThatOfTheExamples) {  // RFC 6376 3.4.5
  EXPECT_EQ(field("A", " X", kRelaxed), "a:X\r\n");
  EXPECT_EQ(field("B ", " Y\t\r\n\tZ  ", kRelaxed), "b:Y Z\r\n");
  EXPECT_EQ(field("A", " X", kSimple), "A: X\r\n");
  EXPECT_EQ(field("B ", " Y\t\r\n\tZ  ", kSimple), "B : Y\t\r\n\tZ  \r\n");
}

TEST(DkimFieldForm, TakesTheFoldsOfTheMta) {
  EXPECT_EQ(field("Subject", " a\n b\n\t c", kSimple), "Subject: a\r\n b\r\n\t c\r\n");
  EXPECT_EQ(field("Subject", " a\n b\n\t c", kRelaxed), "subject:a b c\r\n");
  EXPECT_EQ(field("Subject", "\n a \n", kRelaxed), "subject:a\r\n");
  EXPECT_EQ(field("Subject", "", kRelaxed), "subject:\r\n");
  EXPECT_EQ(field("Subject", " \t\n ", kRelaxed), "subject:\r\n");
  EXPECT_EQ(field("Subject", " a\rb \r c", kRelaxed), "subject:a\rb \r c\r\n");
  EXPECT_EQ(field("Subject", std::string(" a\0b", 4), kRelaxed), std::string("subject:a\0b\r\n", 13));
}

TEST(DkimFieldForm, LeavesTheValueOfTheSignatureOut) {  // RFC 6376 3.7
  EXPECT_EQ(signature(" a=x; b = q w\n e ; bh=b; c=d", kSimple), "DKIM-Signature: a=x; b =; bh=b; c=d");
  EXPECT_EQ(signature(" a=x; b = q w\n e ; bh=b; c=d", kRelaxed), "dkim-signature:a=x; b =; bh=b; c=d");
  EXPECT_EQ(signature(" a=x; bh=b; b=", kRelaxed), "dkim-signature:a=x; bh=b; b=");
  EXPECT_EQ(signature(" bh=b; b=qwe=;", kRelaxed), "dkim-signature:bh=b; b=;");
  EXPECT_EQ(signature(" bh=b; B=qwe", kRelaxed), "dkim-signature:bh=b; B=qwe");
  EXPECT_EQ(signature(" bh=b", kRelaxed), "dkim-signature:bh=b");
  EXPECT_EQ(signature(" b=\n\tqwe\n\trtz\n\t;\n\tbh=b", kSimple), "DKIM-Signature: b=;\r\n\tbh=b");
}

TEST(DkimFields, AreSelectedFromTheBottom) {  // RFC 6376 5.4.2
  const std::vector<HeaderField> header{{"Received", "1"}, {"From", "2"}, {"RECEIVED ", "3"}, {"received", "4"}};
  const auto selected = [&](const std::vector<std::string_view>& names, const HeaderField* except = nullptr) {
    std::string out;
    for (const auto* one : select_fields(header, names, except)) out += one->value;
    return out;
  };
  EXPECT_EQ(selected({"received", "from", "Received", "RECEIVED", "received"}), "4231");
  EXPECT_EQ(selected({"received"}), "4");
  EXPECT_EQ(selected({"from", "from", "subject"}), "2");
  EXPECT_EQ(selected({"received", "received"}, &header[3]), "31");
  EXPECT_EQ(selected({}), "");
}

TEST(DkimBodyForm, IsThatOfTheExamples) {  // RFC 6376 3.4.5
  EXPECT_EQ(canonical(" C \r\nD \t E\r\n\r\n\r\n", kRelaxed), " C\r\nD E\r\n");
  EXPECT_EQ(canonical(" C \r\nD \t E\r\n\r\n\r\n", kSimple), " C \r\nD \t E\r\n");
}

TEST(DkimBodyForm, EndsAsItMust) {
  for (const std::string_view empty : {"", "\r\n", "\r\n\r\n\r\n"}) {
    EXPECT_EQ(canonical(empty, kSimple), "\r\n");
    EXPECT_EQ(canonical(empty, kRelaxed), "");
  }
  EXPECT_EQ(canonical(" \t", kRelaxed), "");
  EXPECT_EQ(canonical(" \r\n\t\r\n", kRelaxed), "");
  EXPECT_EQ(canonical(" \r\n\t\r\n", kSimple), " \r\n\t\r\n");
  EXPECT_EQ(canonical("a", kSimple), "a\r\n");
  EXPECT_EQ(canonical("a ", kRelaxed), "a\r\n");
  EXPECT_EQ(canonical("a\r", kRelaxed), "a\r\r\n");
  EXPECT_EQ(canonical("a \r", kRelaxed), "a \r\r\n");
  EXPECT_EQ(canonical("a\n\n", kRelaxed), "a\n\n\r\n");
}

TEST(DkimBodyForm, IsTheSameHoweverItIsCut) {
  std::mt19937 dice(7);
  for (int round = 0; round < 4000; ++round) {
    const std::string body = random_body(dice, round % 2 != 0 ? "ab \t\r\n" : "abcdefghijklmnop  ", dice() % 300);
    for (const auto form : {kSimple, kRelaxed}) {
      const std::string whole = by_the_book(body, form);
      ASSERT_EQ(canonical(body, form), whole) << "body " << testing::PrintToString(body);
      std::vector<std::string_view> bytes;
      std::vector<std::string_view> pieces;
      for (std::size_t i = 0; i < body.size(); ++i) bytes.push_back(std::string_view(body).substr(i, 1));
      for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(pieces.back().size()))
        pieces.push_back(rest.substr(0, dice() % 70));
      ASSERT_EQ(canonical(bytes, form), whole) << "body " << testing::PrintToString(body);
      ASSERT_EQ(canonical(pieces, form), whole) << "body " << testing::PrintToString(body);
    }
  }
}

TEST(DkimBodyForm, IsTheSameAtEveryCut) {
  const std::string body = "a  b\t\r\n \r\nc \r d\r\r\n" + std::string(130, 'x') + " \t\r\n\r\n e\n \r\n\r\n \r\n";
  for (const auto form : {kSimple, kRelaxed}) {
    const std::string whole = by_the_book(body, form);
    const std::string_view view = body;
    for (std::size_t i = 0; i <= view.size(); ++i)
      for (std::size_t k = i; k <= view.size(); ++k)
        ASSERT_EQ(canonical({view.substr(0, i), view.substr(i, k - i), view.substr(k)}, form), whole) << i << " " << k;
  }
}

TEST(DkimBodyForm, TakesLongBodies) {
  std::mt19937 dice(11);
  for (const std::string_view letters : {"abcdefghijklmnopqrstuvwxyz       ", "ab  \t", "\r\n", "abcdefghijkl"}) {
    const std::string body = random_body(dice, letters, 200'000);
    for (const auto form : {kSimple, kRelaxed}) EXPECT_EQ(canonical(body, form), by_the_book(body, form));
  }
}

}  // namespace
}  // namespace postern::dkim
