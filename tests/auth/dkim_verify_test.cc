// What becomes of one signature, by what is wrong with it.

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "policy/auth/dkim/signature.h"
#include "tests/auth/dkim_world.h"

namespace postern::dkim {
namespace {

using test::DkimWorld;
using test::Message;

constexpr const char* kChanged = "fail: the header was changed, or the key is another";
constexpr auto kSimple = Canonicalization::simple;
constexpr auto kRelaxed = Canonicalization::relaxed;

Message mail() {
  return test::read_message("From: Eva <eva@a.example>\nTo: tom@b.example\nSubject: s\n\nHello  Tom\n");
}

Message replaced(Message message, const std::string& what, const std::string& by) {
  auto& value = message.header.front().value;
  const auto at = value.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  value.replace(at, what.size(), by);
  return message;
}

Message signed_mail() {
  Message message = mail();
  DkimWorld::sign(message, test::rsa_key());
  return message;
}

/// Signed in order with these tags.
Message signed_as(const std::string& tags, const BodyForm& form = {}, Canonicalization header = kRelaxed) {
  Message message = mail();
  DkimWorld::sign_as(message, tags, test::rsa_key(), form, header);
  return message;
}

/// What is said of a signature of a.example that stands in order but for `tags` in place of `instead`.
std::string words(const std::string& instead, const std::string& tags) {
  DkimWorld w;
  std::string all = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from:to:subject; ";
  const auto at = all.find(instead);
  EXPECT_NE(at, std::string::npos);
  return w.words(signed_as(all.replace(at, instead.size(), tags)));
}

TEST(DkimVerify, TellsWhatWasChanged) {
  DkimWorld w;
  EXPECT_EQ(w.words(mail()), "");
  EXPECT_EQ(w.words(signed_mail()), "pass");
  Message message = signed_mail();
  message.body += "more\r\n";
  EXPECT_EQ(w.words(message), "fail: the body was changed");
  message = signed_mail();
  message.header[2].value += "x";
  EXPECT_EQ(w.words(message), kChanged);
  message = signed_mail();
  message.header[0].value += "A";
  EXPECT_EQ(w.words(message), "permerror: b= is no signature");
  w.key("s", "a.example", test::rsa_key(2048));
  EXPECT_EQ(w.words(signed_mail()), kChanged);
}

TEST(DkimVerify, TakesEveryCanonicalization) {
  DkimWorld w;
  const std::string tags = "v=1; a=rsa-sha256; d=a.example; s=s; h=from";
  EXPECT_EQ(w.words(signed_as(tags + "; c=simple/relaxed", {kRelaxed, Hash::sha256, {}}, kSimple)), "pass");
  EXPECT_EQ(w.words(signed_as(tags + "; c=relaxed/simple", {kSimple, Hash::sha256, {}}, kRelaxed)), "pass");
  EXPECT_EQ(w.words(signed_as(tags + "; c=relaxed", {kSimple, Hash::sha256, {}}, kRelaxed)), "pass");
  EXPECT_EQ(w.words(signed_as(tags, {kSimple, Hash::sha256, {}}, kSimple)), "pass");
  EXPECT_EQ(w.words(signed_as(tags, {kSimple, Hash::sha256, {}}, kRelaxed)), kChanged);
  EXPECT_EQ(w.words(signed_as(tags + "; c=relaxed/", {})), "permerror: unknown canonicalization");
  EXPECT_EQ(w.words(signed_as(tags + "; c=nofws", {})), "permerror: unknown canonicalization");
}

TEST(DkimVerify, WantsItsTagsInOrder) {  // RFC 6376 3.5, 6.1.1
  EXPECT_EQ(words("v=1; ", "v=1; "), "pass");
  EXPECT_EQ(words("v=1; ", ""), "permerror: v= is not 1");
  EXPECT_EQ(words("v=1; ", "v=2; "), "permerror: v= is not 1");
  EXPECT_EQ(words("v=1; ", "v=1; v=1; "), "permerror: no tag list");
  EXPECT_EQ(words("a=rsa-sha256", "a=RSA-SHA256"), "pass");
  EXPECT_EQ(words("a=rsa-sha256", "a=rsa-md5"), "permerror: unknown algorithm");
  EXPECT_EQ(words("a=rsa-sha256; ", ""), "permerror: unknown algorithm");
  EXPECT_EQ(words("d=a.example", "d=A.Example"), "pass");
  EXPECT_EQ(words("d=a.example; ", ""), "permerror: d= is no domain");
  EXPECT_EQ(words("d=a.example", "d=a.example."), "permerror: d= is no domain");
  EXPECT_EQ(words("d=a.example", "d=a .example"), "permerror: d= is no domain");
  EXPECT_EQ(words("d=a.example", "d=a..example"), "permerror: d= is no domain");
  EXPECT_EQ(words("d=a.example", "d=192.0.2.1"), "permerror: d= is no domain");
  EXPECT_EQ(words("s=s; ", ""), "permerror: s= is no selector");
  EXPECT_EQ(words("s=s; ", "s=s.; "), "permerror: s= is no selector");
  EXPECT_EQ(words("s=s; ", "s=" + std::string(250, 's') + "; "), "permerror: s= is no selector");
  EXPECT_EQ(words("s=s; ", "s=s; q=dns/txt; "), "pass");
  EXPECT_EQ(words("s=s; ", "s=s; q=http:dns/txt; "), "pass");
  EXPECT_EQ(words("s=s; ", "s=s; q=http; "), "permerror: unknown query method");
  EXPECT_EQ(words("s=s; ", "s=s; z=From:x|To:" + std::string(9000, 'z') + "; new=tag; "), "pass");
  EXPECT_EQ(words("s=s; ", "s=s; z=" + std::string(17000, 'z') + "; "), "permerror: no tag list");
}

TEST(DkimVerify, WantsFromSigned) {
  EXPECT_EQ(words("h=from:to:subject; ", "h=FROM : To\n\t:\n\tsubject; "), "pass");
  EXPECT_EQ(words("h=from:to:subject; ", "h=to:subject; "), "permerror: From is not signed");
  EXPECT_EQ(words("h=from:to:subject; ", ""), "permerror: h= has an empty name");
  EXPECT_EQ(words("h=from:to:subject; ", "h=; "), "permerror: h= has an empty name");
  EXPECT_EQ(words("h=from:to:subject; ", "h=from::to; "), "permerror: h= has an empty name");
  const auto names = [](int n) {
    std::string h = "h=from";
    for (int i = 1; i < n; ++i) h += ":x" + std::to_string(i);
    return h + "; ";
  };
  EXPECT_EQ(words("h=from:to:subject; ", names(100)), "pass");
  EXPECT_EQ(words("h=from:to:subject; ", names(101)), "permerror: h= has too many names");  // FAULTS T31
}

TEST(DkimVerify, WantsTheIdentityWithinTheDomain) {
  EXPECT_EQ(words("s=s; ", "s=s; i=eva@a.example; "), "pass");
  EXPECT_EQ(words("s=s; ", "s=s; i=@mail.A.example; "), "pass");
  EXPECT_EQ(words("s=s; ", "s=s; i=ev=3Da=40x@a.example; "), "pass");
  EXPECT_EQ(words("s=s; ", "s=s; i=eva@b.example; "), "permerror: i= is not within d=");
  EXPECT_EQ(words("s=s; ", "s=s; i=eva@xa.example; "), "permerror: i= is not within d=");
  EXPECT_EQ(words("s=s; ", "s=s; i=eva; "), "permerror: i= is not within d=");
  EXPECT_EQ(words("s=s; ", "s=s; i=e=00va@a.example; "), "permerror: i= is not within d=");
  EXPECT_EQ(words("s=s; ", "s=s; i=e=0; "), "permerror: i= is not within d=");
  DkimWorld w;
  const std::string tags = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from; i=ev=61@mail.a.example";
  EXPECT_EQ(w.verify(signed_as(tags))[0].identity, "eva@mail.a.example");
  w.key("s", "a.example", test::rsa_key(), "; t=s");
  EXPECT_EQ(w.words(signed_as(tags)), "permerror: the key does not sign for subdomains");
}

TEST(DkimVerify, ReadsInternationalNames) {  // RFC 8616
  DkimWorld w;
  w.key("s", "xn--bcher-kva.example", test::rsa_key());
  for (const char* d : {"bücher.example", "xn--bcher-kva.example", "BÜCHER.example"}) {
    const auto result = w.verify(signed_as(
        fmt::format("v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; i=évà@x.bücher.example; s=s; h=from", d)))[0];
    EXPECT_EQ(result.status, Status::pass) << result.reason;
    EXPECT_EQ(result.domain, "xn--bcher-kva.example");
    EXPECT_EQ(result.identity, "évà@x.xn--bcher-kva.example");
  }
}

TEST(DkimVerify, SeesTheTime) {
  const auto at = [](const std::string& tag, std::int64_t seconds) {
    return fmt::format("s=s; {}={}; ", tag, DkimWorld::kNow + seconds);
  };
  EXPECT_EQ(words("s=s; ", at("x", -kSkewSeconds)), "pass");
  EXPECT_EQ(words("s=s; ", at("x", -kSkewSeconds - 1)), "permerror: expired");
  EXPECT_EQ(words("s=s; ", at("t", kSkewSeconds)), "pass");
  EXPECT_EQ(words("s=s; ", at("t", kSkewSeconds + 1)), "pass: signed in the future");
  EXPECT_EQ(words("s=s; ", "s=s; t=10; x=9; "), "permerror: x= is before t=");
  EXPECT_EQ(words("s=s; ", "s=s; t=; "), "permerror: t= is no time");
  EXPECT_EQ(words("s=s; ", "s=s; t=-1; "), "permerror: t= is no time");
  EXPECT_EQ(words("s=s; ", "s=s; x=1e9; "), "permerror: x= is no time");
  EXPECT_EQ(words("s=s; ", "s=s; x=" + std::string(500, '9') + "; "), "pass");
}

TEST(DkimVerify, DistrustsALengthBelowTheBody) {  // FAULTS T32
  DkimWorld w;
  const std::string tags = "v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from; l=";
  EXPECT_EQ(w.words(signed_as(tags + "11", {kRelaxed, Hash::sha256, 11})), "pass");
  EXPECT_EQ(w.words(signed_as(tags + "12", {kRelaxed, Hash::sha256, 12})),
            "permerror: l= is above the length of the body");
  EXPECT_EQ(w.words(signed_as(tags + "10", {kRelaxed, Hash::sha256, 10})), "pass: l= leaves out 1 bytes");
  EXPECT_EQ(w.words(signed_as(tags + "0", {kRelaxed, Hash::sha256, 0})), "pass: l= leaves out 11 bytes");
  EXPECT_EQ(w.words(signed_as(tags + "x", {})), "permerror: l= is no number");
  EXPECT_EQ(w.words(signed_as(tags + std::string(76, '9'), {})), "permerror: l= is above the length of the body");
  Message message = signed_as(tags + "11", {kRelaxed, Hash::sha256, 11});
  message.body += "added\r\n";
  EXPECT_EQ(w.words(message), "pass: l= leaves out 7 bytes");
  EXPECT_TRUE(w.verify(message)[0].truncated);
  EXPECT_FALSE(w.verify(message)[0].proves());
  w.options.trust_length = true;
  EXPECT_TRUE(w.verify(message)[0].truncated);
  EXPECT_TRUE(w.verify(message)[0].proves());
}

TEST(DkimVerify, WantsHashesAndSignaturesOfTheirLength) {  // FAULTS T31
  const auto with_hash = [](std::size_t size) {
    DkimWorld w;
    Message message = signed_mail();
    const auto bh = encode_base64(DkimWorld::body_hash(message.body).digest);
    return w.words(replaced(message, bh, encode_base64(std::string(size, 'x'))));
  };
  EXPECT_EQ(with_hash(32), "fail: the body was changed");
  for (const std::size_t size : {0, 1, 20, 31, 33, 64, 4000}) EXPECT_EQ(with_hash(size), "permerror: bh= is no hash");
  const auto ed25519 = test::make_key(crypto::KeyType::ed25519);
  for (const auto& [key, b_size, said] :
       std::vector<std::tuple<std::shared_ptr<const crypto::PrivateKey>, std::size_t, std::string>>{
           {test::rsa_key(), 0, "permerror: b= is no signature"},
           {test::rsa_key(), 1, kChanged},
           {test::rsa_key(), 127, kChanged},
           {test::rsa_key(), 128, kChanged},
           {test::rsa_key(), 129, kChanged},
           {test::rsa_key(), 2048, kChanged},
           {test::rsa_key(), 2049, "permerror: b= is no signature"},
           {ed25519, 63, "permerror: b= has a wrong length"},
           {ed25519, 64, kChanged},
           {ed25519, 65, "permerror: b= has a wrong length"}}) {
    DkimWorld w;
    w.key("s", "a.example", key);
    Message message = mail();
    DkimWorld::sign(message, key);
    auto& value = message.header.front().value;
    value = value.substr(0, value.find("b=", value.find("bh=") + 3)) + "b=" + encode_base64(std::string(b_size, 'x'));
    EXPECT_EQ(w.words(message), said) << b_size;
  }
}

TEST(DkimVerify, NeverAsksOddNames) {  // FAULTS T25
  DkimWorld w;
  const Message good = signed_mail();
  const std::size_t size = good.header.front().value.size();
  for (std::size_t at = 0; at < size; ++at) {
    for (const char c : {'\0', '\x01', '\x7f', '\xff', '\x80'}) {
      Message message = good;
      message.header.front().value[at] = c;
      EXPECT_NE(w.verify(message)[0].status, Status::pass) << at;
      message = good;
      message.header.front().value.insert(at, 1, c);
      EXPECT_NE(w.verify(message)[0].status, Status::pass) << at;
    }
    Message message = good;
    message.header.front().value[at] = '\0';
    EXPECT_EQ(w.words(message), "permerror: no tag list") << at;
    EXPECT_EQ(key_question(message.header.front()), std::nullopt);
  }
  EXPECT_EQ(w.zone.asked, std::set<std::string>{"s._domainkey.a.example"});
}

TEST(DkimVerify, ReadsTheNameOfTheFieldWithoutCase) {
  DkimWorld w;
  Message message = signed_mail();
  message.header[0].name = "dkim-SIGNATURE ";
  EXPECT_EQ(w.words(message), "pass");
}

TEST(DkimVerify, LeavesItselfOutOfWhatItSigns) {  // RFC 6376 3.5: h= may name other signatures
  DkimWorld w;
  Message message = signed_mail();
  DkimWorld::sign_as(message, "v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from:dkim-signature",
                     test::rsa_key());
  EXPECT_EQ(w.words(message), "pass, pass");
  message.header[1].value += " ";
  EXPECT_EQ(w.words(message), "pass, pass");
  message.header[1].value += ";";
  EXPECT_EQ(w.words(message), std::string(kChanged) + ", " + kChanged);
}

TEST(DkimVerify, HasNoUseForOldAlgorithmsAndShortKeys) {  // RFC 8301
  DkimWorld w;
  const auto short_key = test::rsa_key(512);
  w.key("short", "a.example", short_key);
  const std::string sha1 = "v=1; a=rsa-sha1; c=relaxed/relaxed; d=a.example; s=s; h=from";
  Message message = signed_as(sha1, {kRelaxed, Hash::sha1, {}});
  DkimWorld::sign(message, short_key, "a.example", "short");
  EXPECT_EQ(w.words(message), "policy: a key of 512 bits, policy: rsa-sha1");
  EXPECT_EQ(w.verify(message)[0].bits, 512);
  w.options.lenient = true;
  EXPECT_EQ(w.words(message), "pass, pass");
  w.options = {.least_rsa_bits = 1025};
  EXPECT_EQ(w.words(signed_mail()), "policy: a key of 1024 bits");
  w.options = {.most_rsa_bits = 1023};
  EXPECT_EQ(w.words(signed_mail()), "permerror: the key is too long");
  message.body += "x";
  EXPECT_EQ(w.words(message), "fail: the body was changed, permerror: the key is too long");
}

TEST(DkimVerify, TakesLongKeys) {  // FAULTS T31; the first line of each file is the key record
  for (const int bits : {8192, 16384}) {
    std::ostringstream text;
    text << std::ifstream(fmt::format("{}/rsa{}.eml", POSTERN_DKIM_DATA, bits)).rdbuf();
    const std::string all = text.str();
    const auto line = all.find('\n');
    ASSERT_NE(line, std::string::npos);
    DkimWorld w;
    w.zone.set("s._domainkey.a.example", {all.substr(0, line)});
    Message message = test::read_message(std::string_view(all).substr(line + 1));
    const auto result = w.verify(message)[0];
    EXPECT_EQ(result.status, Status::pass) << result.reason;
    EXPECT_EQ(result.bits, bits);
    message.header.back().value += "x";
    EXPECT_EQ(w.words(message), kChanged);
    w.options.most_rsa_bits = bits - 1;
    EXPECT_EQ(w.words(message), "permerror: the key is too long");
  }
}

TEST(DkimVerify, MayBeDoneByManyThreadsAtOnce) {
  DkimWorld w;
  const Message message = signed_mail();
  BodyHashes bodies;
  const Signatures signatures(message.header, "", {}, bodies);
  bodies.update(message.body);
  bodies.finish();
  const dns::AnswerPtr answer = w.zone.query(*key_question(message.header[0]), Deadline(SteadyTime::max()));
  struct OneAnswer final : dns::Resolver {
    explicit OneAnswer(dns::AnswerPtr a) : answer(std::move(a)) {}
    void prefetch(const dns::Question&) override {}
    dns::AnswerPtr query(const dns::Question&, const Deadline&) override { return answer; }
    dns::AnswerPtr query_uncached(const dns::Question&, const Deadline&) override { return answer; }
    const dns::AnswerPtr answer;
  } dns(answer);
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 100; ++k)
        passed +=
            signatures.verify(message.header, bodies, w.keys, dns, w.now, Deadline(SteadyTime::max()))[0].status ==
            Status::pass;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(passed, 800);
}

TEST(DkimVerify, KnowsAKeyInTesting) {
  DkimWorld w;
  EXPECT_FALSE(w.verify(signed_mail())[0].testing);
  w.key("s", "a.example", test::rsa_key(), "; t=s:y");
  Message message = signed_mail();
  message.body += "x";
  EXPECT_EQ(w.verify(message)[0].status, Status::fail);
  EXPECT_TRUE(w.verify(message)[0].testing);
}

}  // namespace
}  // namespace postern::dkim
