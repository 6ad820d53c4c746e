// What we sign, and that it verifies.

#include <gtest/gtest.h>

#include <sstream>

#include "policy/auth/dkim/signed_names.h"
#include "policy/auth/dkim/tag_list.h"
#include "policy/auth/dkim/tag_writer.h"
#include "tests/auth/dkim_world.h"

namespace postern::dkim {
namespace {

using test::DkimWorld;
using test::Message;

Message mail() {
  return test::read_message(
      "Received: from x\n\tby y\nFrom: Eva <eva@a.example>\nTo: tom@b.example\nSubject:  long\n \tsubject \nDate: "
      "today\n"
      "List-Unsubscribe: <mailto:u@a.example>\nX-Other: no\n\nHello  Tom,\n\n\tgood bye \n\n\n");
}

std::string h_of(const Message& message) {
  const auto tags = TagList::parse(message.header.front().value);
  std::string out;
  for (const auto name : colon_list(tags->find("h").value())) out += std::string(name) + " ";
  return out;
}

TEST(DkimSign, VerifiesWithBothAlgorithms) {
  DkimWorld w;
  for (const auto& key : {test::rsa_key(), test::rsa_key(2048), test::make_key(crypto::KeyType::ed25519)}) {
    w.key("s", "a.example", key);
    Message message = mail();
    DkimWorld::sign(message, key);
    const auto results = w.verify(message);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(name(results[0].status), "pass") << results[0].reason;
    EXPECT_EQ(results[0].domain, "a.example");
    EXPECT_EQ(results[0].selector, "s");
    EXPECT_EQ(results[0].identity, "@a.example");
    EXPECT_EQ(results[0].algorithm, key->type() == crypto::KeyType::rsa ? "rsa-sha256" : "ed25519-sha256");
    EXPECT_EQ(results[0].signature.size(), 8U);
    EXPECT_EQ(results[0].bits, key->bits());
  }
}

TEST(DkimSign, SignsWhatIsThereAndOnceMore) {
  Message message = mail();
  DkimWorld::sign(message, test::rsa_key());
  EXPECT_EQ(h_of(message),
            "from to subject date list-unsubscribe from to cc subject date reply-to mime-version content-type ");
}

TEST(DkimSign, KeepsLinesShort) {
  Message message = mail();
  DkimWorld::sign(message, test::rsa_key(2048), std::string(50, 'd') + ".example");
  std::istringstream lines("DKIM-Signature:" + message.header.front().value);
  int n = 0;
  for (std::string line; std::getline(lines, line); ++n) {
    EXPECT_LT(line.size() + (line[0] == '\t' ? 7 : 0), 78U) << line;
    EXPECT_TRUE(n == 0 || line[0] == '\t');
  }
  EXPECT_GE(n, 8);
}

TEST(DkimSign, NoOneMayAddAFieldThatCounts) {  // FAULTS T33
  DkimWorld w;
  for (const char* field : {"From", "Subject", "To", "Cc", "Date", "Content-Type", "MIME-Version", "Reply-To"}) {
    for (const bool at_the_end : {false, true}) {
      Message message = mail();
      DkimWorld::sign(message, test::rsa_key());
      message.header.insert(at_the_end ? message.header.end() : message.header.begin(), {field, " x@c.example"});
      EXPECT_EQ(w.words(message), "fail: the header was changed, or the key is another") << field;
    }
  }
  Message message = mail();
  DkimWorld::sign(message, test::rsa_key());
  message.header.insert(message.header.begin(), {"X-Other", " x"});
  EXPECT_EQ(w.words(message), "pass");
}

TEST(DkimSign, WithoutOversigningASecondFromPasses) {
  DkimWorld w;
  Message message = mail();
  SigningForm form = default_signing_form();
  form.oversigned.clear();
  const auto value =
      sign({"a.example", "s", test::rsa_key()}, form, message.header, DkimWorld::body_hash(message.body), w.now);
  message.header.insert(message.header.begin(), {"DKIM-Signature", " " + *value});
  message.header.insert(message.header.begin(), {"From", " x@c.example"});
  EXPECT_EQ(w.words(message), "pass");
}

// RFC 6409 8: a submission server adds what is missing. Sendmail does so behind its milters.
TEST(DkimSign, ADateThatTheMtaAddsBreaksNothing) {
  DkimWorld w;
  for (const bool protection : {true, false}) {
    SigningForm form = default_signing_form();
    if (!protection) form.completed.clear();
    Message message = test::read_message("From: Eva <eva@a.example>\nTo: tom@b.example\n\nHello\n");
    const auto value =
        sign({"a.example", "s", test::rsa_key()}, form, message.header, DkimWorld::body_hash(message.body), w.now);
    message.header.insert(message.header.begin(), {"DKIM-Signature", " " + *value});
    message.header.push_back({"Date", " today"});
    message.header.push_back({"Message-ID", " <1@a.example>"});
    EXPECT_EQ(w.words(message), protection ? "pass" : "fail: the header was changed, or the key is another");
  }
}

TEST(DkimSign, ListsThatSendmailWritesAnewAreLeftOut) {
  DkimWorld w;
  Message message =
      test::read_message("From: eva@a.example\nTo: tom@b.example,eva@b.example\nCc: <c@b.example>\n\nx\n");
  DkimWorld::sign(message, test::rsa_key());
  EXPECT_EQ(h_of(message), "from cc from cc subject reply-to mime-version content-type ");
  message.header[2].value = " tom@b.example, eva@b.example";
  EXPECT_EQ(w.words(message), "pass");
}

TEST(DkimSign, KnowsWhichListsKeepTheirForm) {
  for (const char* list :
       {"", " a@b.example", " <a@b.example>", " Anna <a@b.example>", " Anna<a@b.example>",
        " \"A. Anna, x\" <a@b.example>", " a@b.example, c@b.example", " a@b.example,\n c@b.example",
        " Anna X <a@b.example>,\r\n\tTom <t@b.example> ", " =?utf-8?q?Gr=C3=BC?= <a@b.example>",
        " Gr\xc3\xbc <a@b.example>", " a.b'c@b.example", " undisclosed-recipients:;", " \"x \\\" y\" <a@b.example>"})
    EXPECT_TRUE(keeps_its_form(list)) << list;
  for (const char* list : {" a@b.example,c@b.example",
                           " a@b.example ,c@b.example",
                           " a@b.example,",
                           ",a@b.example",
                           ",",
                           " a@b.example, , c@b.example",
                           " A. Anna <a@b.example>",
                           " 'Anna' <a@b.example>",
                           " Anna \"the\" A <a@b.example>",
                           " Anna (x) <a@b.example>",
                           " anna",
                           " a@localhost",
                           " a (x) @ b.example",
                           " < a@b.example >",
                           " <@r.example:a@b.example>",
                           " a@b.example.",
                           " <a@b.example",
                           " a@b.example c@b.example",
                           " a@b.example; c@b.example",
                           " Friends: a@b.example;",
                           " \"Anna <a@b.example>",
                           " <>",
                           " a@b@c.example",
                           " \"a,",
                           " >",
                           " <"})
    EXPECT_FALSE(keeps_its_form(list)) << list;
}

TEST(DkimSign, ReadsAListOfQuotesWithoutAnEndOnce) {
  std::string list = "\"";
  for (int i = 0; i < 500'000; ++i) list += "\\\"";
  EXPECT_FALSE(keeps_its_form(list));
}

TEST(DkimSign, NamesAtMostNinetyFields) {  // FAULTS T31
  Message message = mail();
  for (int i = 0; i < 10; ++i)
    for (const std::string& name : default_signing_form().fields) message.header.push_back({name, " <x@a.example>"});
  EXPECT_EQ(signed_names(default_signing_form(), message.header).size(), 90U);
}

TEST(DkimSign, StandsTheRefoldingOfRelays) {
  DkimWorld w;
  Message message = mail();
  DkimWorld::sign(message, test::rsa_key());
  for (auto& field : message.header)
    for (std::size_t at = 0; (at = field.value.find('\n', at)) != std::string::npos; at += 3)
      field.value.insert(at, " \r");
  EXPECT_EQ(w.words(message), "pass");
}

TEST(DkimSign, TakesManyFieldsOfOneName) {
  DkimWorld w;
  Message message = mail();
  for (int i = 0; i < 500; ++i) message.header.push_back({"List-Id", " x"});
  DkimWorld::sign(message, test::rsa_key());
  EXPECT_EQ(w.words(message), "pass");
}

TEST(DkimTagWriter, Folds) {
  TagWriter tags("DKIM-Signature");
  tags.add("v", "1");
  tags.add("long", std::string(100, 'x'));
  tags.add_list("h", {});
  tags.add_base64("b", std::string(140, 'y'));
  EXPECT_EQ(tags.text(), "v=1;\n\tlong=" + std::string(100, 'x') + ";\n\th=; b=" + std::string(62, 'y') + "\n\t" +
                             std::string(68, 'y') + "\n\t" + std::string(10, 'y'));
}

}  // namespace
}  // namespace postern::dkim
