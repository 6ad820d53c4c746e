// Where keys are asked for, how often, and what their records say.

#include <gtest/gtest.h>

#include "policy/auth/dkim/key_lookup.h"
#include "tests/auth/dkim_world.h"

namespace postern::dkim {
namespace {

using test::DkimWorld;
using test::Message;

Message mail() { return test::read_message("From: eva@a.example\n\nHello\n"); }
Message signed_mail() {
  Message message = mail();
  DkimWorld::sign(message, test::rsa_key());
  return message;
}

std::string p() { return test::rsa_key()->public_text(); }

/// What becomes of a good signature where these records stand at the name of its key.
std::string with(std::vector<std::string> records) {
  DkimWorld w;
  w.zone.set("s._domainkey.a.example", std::move(records));
  return w.words(signed_mail());
}

TEST(DkimKeys, AreReadInAnySpacing) {
  EXPECT_EQ(with({"p=" + p()}), "pass");
  EXPECT_EQ(with({"v=DKIM1;p=" + p()}), "pass");
  EXPECT_EQ(with({" v = DKIM1 ; k = rsa ;\tn=a note; p = " + p().substr(0, 50) + " \t" + p().substr(50) + " ; "}),
            "pass");
  EXPECT_EQ(with({"p=" + p() + ";;; v=DKIM1;"}), "pass");
  EXPECT_EQ(with({"V=DKIM2; P=; p=" + p()}), "pass");  // names have a case: these are unknown tags
  EXPECT_EQ(with({"v=DKIM1; h=sha1:sha256; s=other:email; t=y; g=; p=" + p()}), "pass");
  EXPECT_EQ(with({"v=DKIM1; s=*; h = sha256 ; p=" + p()}), "pass");
  EXPECT_EQ(with({"v=DKIM1; n=" + std::string(6000, 'n') + "; p=" + p()}), "pass");
}

TEST(DkimKeys, ThatCanNotBeUsedArePermerror) {
  const std::string at = "permerror: key s._domainkey.a.example: ";
  EXPECT_EQ(with({"v=DKIM1; p="}), "permerror: the key s._domainkey.a.example is revoked");
  EXPECT_EQ(with({"v=DKIM2; p=" + p()}), at + "unknown version");
  EXPECT_EQ(with({"v=DKIM1; k=dsa; p=" + p()}), at + "unknown key type");
  EXPECT_EQ(with({"v=DKIM1; k=rsa"}), at + "no p=");
  EXPECT_EQ(with({"v=DKIM1; p=" + p() + "; p=" + p()}), at + "no tag list");
  EXPECT_EQ(with({"v=DKIM1; p=" + p() + "; n=" + std::string(17'000, 'n')}), at + "no tag list");
  EXPECT_EQ(with({""}), at + "no tag list");
  EXPECT_EQ(with({"v=spf1 -all"}), at + "unknown version");
  EXPECT_EQ(with({"v=DKIM1; p=!!!"}), at + "p= is no base64");
  EXPECT_EQ(with({"v=DKIM1; p=MIGf"}), at + "no RSA key");
  EXPECT_EQ(with({"v=DKIM1; p=" + p().substr(0, 80)}), at + "no RSA key");
  EXPECT_EQ(with({"v=DKIM1; k=ed25519; p=" + p()}), at + "Ed25519 key of 162 bytes");
  EXPECT_EQ(with({"v=DKIM1; h=sha1; p=" + p()}), "permerror: the key is for other hashes");
  EXPECT_EQ(with({"v=DKIM1; h=; p=" + p()}), "permerror: the key is for other hashes");
  EXPECT_EQ(with({"v=DKIM1; s=tlsrpt; p=" + p()}), "permerror: the key is not for mail");
  EXPECT_EQ(with({test::key_record(*test::make_key(crypto::KeyType::ed25519))}),
            "permerror: the key is of another type");
}

TEST(DkimKeys, OfSeveralRecordsOnlyOneMayBeAKey) {  // RFC 6376 3.6.2.2
  const std::string other = test::key_record(*test::rsa_key(2048));
  const std::string several = "permerror: s._domainkey.a.example has 2 records, and not one key";
  EXPECT_EQ(with({"v=spf1 -all", "p=" + p()}), "pass");
  EXPECT_EQ(with({"p=" + p(), "google-site-verification=x"}), "pass");
  EXPECT_EQ(with({"v=DMARC1; p=reject", "p=" + p()}), "pass") << "RFC 6376 3.6.1";
  EXPECT_EQ(with({"p=" + p(), "p=" + p()}), "pass");
  EXPECT_EQ(with({"p=" + p(), other}), several);
  EXPECT_EQ(with({other, "p=" + p()}), several);
  EXPECT_EQ(with({"p=" + p(), "p="}), several);
  EXPECT_EQ(with({"v=spf1 -all", "v=spf1 ~all"}), several);
}

TEST(DkimKeys, ThatDoNotComeAreTemperror) {
  DkimWorld w;
  for (const auto& [status, said] : {std::pair(dns::Status::tempfail, "temperror: s._domainkey.a.example: tempfail"),
                                     std::pair(dns::Status::bogus, "temperror: s._domainkey.a.example: bogus"),
                                     std::pair(dns::Status::nxdomain, "permerror: s._domainkey.a.example has no key"),
                                     std::pair(dns::Status::nodata, "permerror: s._domainkey.a.example has no key")}) {
    w.zone.fail("s._domainkey.a.example", status);
    EXPECT_EQ(w.words(signed_mail()), said);
  }
}

Message with_many(int n) {
  Message message = signed_mail();
  for (int i = 0; i < n; ++i) {
    HeaderField copy = message.header.back();
    for (const auto& field : message.header)
      if (field.is("DKIM-Signature")) copy = field;
    const auto at = copy.value.find("d=a.example");
    copy.value.replace(at, 11, fmt::format("d=d{}.example", i));
    message.header.insert(message.header.begin(), copy);
  }
  return message;
}

TEST(DkimKeys, AreAskedForFiveTimesAtMost) {  // FAULTS T30
  DkimWorld w;
  const Message message = with_many(100);
  const auto results = w.verify(message, "a.example");
  ASSERT_EQ(results.size(), 101U);
  EXPECT_EQ(w.zone.asked.size(), 5U);
  EXPECT_EQ(std::count_if(results.begin(), results.end(), [](const auto& r) { return r.capped; }), 96);
  EXPECT_EQ(results.back().status, Status::pass);  // that of the author, though it is the last
  EXPECT_EQ(results[5].status, Status::neutral);
  EXPECT_EQ(w.verify(message)[100].capped, true);
  EXPECT_EQ(w.verify(message, "mail.a.example")[100].status, Status::pass);
  w.options.signatures = 1000;
  w.verify(message);
  EXPECT_EQ(w.zone.asked.size(), 101U);
}

TEST(DkimKeys, ASignatureThatCannotBeReadTakesNobodysPlace) {
  DkimWorld w;
  Message message = signed_mail();
  for (int i = 0; i < 100; ++i)
    message.header.insert(message.header.begin(), {"DKIM-Signature", " v=1; d=x.example; s=s"});
  EXPECT_EQ(w.verify(message).back().status, Status::pass);
  EXPECT_EQ(w.zone.asked.size(), 1U);
}

TEST(DkimKeys, AreNotAskedForWhatHasExpired) {
  DkimWorld w;
  Message message = mail();
  DkimWorld::sign_as(message, "v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from; x=1000",
                     test::rsa_key());
  EXPECT_EQ(w.words(message), "permerror: expired");
  EXPECT_EQ(w.zone.asked.size(), 0U);
}

TEST(DkimKeys, HaveANameOfTheirOwn) {
  EXPECT_EQ(key_name("s", "a.example")->text(), "s._domainkey.a.example");
  EXPECT_EQ(key_name("s.t", "A.example")->text(), "s.t._domainkey.a.example");
  EXPECT_EQ(key_name("s", "bücher.example")->text(), "s._domainkey.xn--bcher-kva.example");
  for (const auto& [selector, domain] :
       std::vector<std::pair<std::string, std::string>>{{"", "a.example"},
                                                        {"s", ""},
                                                        {"s.", "a.example"},
                                                        {"s", "a.example."},
                                                        {".s", "a.example"},
                                                        {"s s", "a.example"},
                                                        {std::string("s\0", 2), "a.example"},
                                                        {"s", "a..example"},
                                                        {std::string(64, 's'), "a.example"},
                                                        {"\xff", "a.example"}})
    EXPECT_EQ(key_name(selector, domain), std::nullopt) << selector << " " << domain;
}

TEST(DkimKeys, AreParsedOnce) {
  KeyCache cache(2);
  const std::string text = "p=" + p();
  const auto first = cache.parse(text);
  EXPECT_EQ(cache.parse(text), first);
  cache.parse("p=");
  cache.parse("p=x");
  EXPECT_NE(cache.parse(text), first);
}

TEST(DkimKeys, ThatAFieldWantsAreKnownAsItComes) {
  const auto question = key_question(signed_mail().header[0]);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->name.text(), "s._domainkey.a.example");
  EXPECT_EQ(question->type, dns::Type::txt);
  EXPECT_EQ(key_question({"From", " v=1; d=a.example; s=s"}), std::nullopt);
  EXPECT_EQ(key_question({"DKIM-Signature", " v=1; d=a.example; s=s"}), std::nullopt);
}

}  // namespace
}  // namespace postern::dkim
