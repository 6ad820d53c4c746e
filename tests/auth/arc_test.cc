#include "policy/auth/arc/arc.h"

#include "policy/auth/arc/payload.h"
#include "policy/base/text.h"
#include "tests/auth/dkim_world.h"

namespace postern::arc {
namespace {

using test::Message;

constexpr const char* kMessage =
    "From: Eva <eva@a.example>\n"
    "To: list@b.example\n"
    "Subject: plan\n"
    "Date: Thu, 14 Jan 2015 15:00:01 -0800\n"
    "\n"
    "Hello.\n";

/// Servers that seal, and one that validates and counts what it waits for.
class World final : public dns::Resolver {
 public:
  World() {
    for (int i = 1; i <= 12; ++i) keys_.set("s._domainkey." + sealer(i), {test::key_record(*test::rsa_key())});
  }

  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    ++asked[question.name.text()];
    return keys_.query(question, deadline);
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return query(question, deadline);
  }

  static std::string sealer(int hop) { return "h" + std::to_string(hop) + ".example"; }

  static Sealing sealing(int instance, Status chain) {
    return {.key = {sealer(instance), "s", test::rsa_key()},
            .authserv_id = "mx." + sealer(instance),
            .authentication_results = "spf=pass smtp.mailfrom=a.example",
            .chain = chain,
            .instance = instance,
            .unix_time = test::DkimWorld::kNow};
  }

  /// Puts the set of one hop on top.
  static void seal(Message& message, const Sealing& sealing) {
    const auto set = arc::seal(sealing, message.header, test::DkimWorld::body_hash(message.body));
    ASSERT_TRUE(set) << set.error().message;
    message.header.insert(message.header.begin(), set->begin(), set->end());
  }

  static Message sealed(int hops) {
    Message message = test::read_message(kMessage);
    for (int i = 1; i <= hops; ++i) seal(message, sealing(i, i == 1 ? Status::none : Status::pass));
    return message;
  }

  Result validate(const Message& message) {
    asked.clear();
    dkim::BodyHashes bodies;
    const Chain chain(message.header, options, bodies);
    bodies.update(message.body);
    bodies.finish();
    dkim::KeyCache keys;
    return chain.validate(message.header, bodies, keys, *this, test::DkimWorld::kNow, Deadline(SteadyTime::max()));
  }
  std::string words(const Message& message) {
    const Result result = validate(message);
    return std::string(name(result.status)) + (result.status == Status::fail ? ": " + result.reason : "");
  }

  void fail(int hop, dns::Status status) { keys_.fail("s._domainkey." + sealer(hop), status); }
  void key(int hop, const std::string& record) { keys_.set("s._domainkey." + sealer(hop), {record}); }

  Options options;
  std::map<std::string, int> asked;

 private:
  test::KeyZone keys_;
};

void replace(Message& message, std::string_view field, int nth, const std::string& from, const std::string& to) {
  for (HeaderField& f : message.header) {
    if (!f.is(field) || --nth > 0) continue;
    const std::size_t at = f.value.find(from);
    ASSERT_NE(at, std::string::npos) << f.value;
    f.value.replace(at, from.size(), to);
    return;
  }
  FAIL() << "no " << field;
}

void erase(Message& message, std::string_view field) {
  const auto at =
      std::find_if(message.header.begin(), message.header.end(), [&](const HeaderField& f) { return f.is(field); });
  ASSERT_NE(at, message.header.end());
  message.header.erase(at);
}

TEST(Arc, PassesWhatEverySealerPassed) {
  World world;
  EXPECT_EQ(world.words(World::sealed(0)), "none");
  EXPECT_TRUE(world.asked.empty());
  for (const int hops : {1, 2, 3}) {
    const Result result = world.validate(World::sealed(hops));
    EXPECT_EQ(result.status, Status::pass) << result.reason;
    EXPECT_EQ(result.instance, hops);
    EXPECT_EQ(result.oldest_pass, 0);
    EXPECT_EQ(result.sealer, World::sealer(hops));
    ASSERT_EQ(result.hops.size(), static_cast<std::size_t>(hops));
    EXPECT_EQ(result.hops.front().sealer, "h1.example");
    EXPECT_EQ(trim(result.hops.front().authentication_results), "mx.h1.example;\n\tspf=pass smtp.mailfrom=a.example");
  }
}

TEST(Arc, KnowsWhoChangedTheMessage) {  // RFC 8617 5.2
  World world;
  Message message = World::sealed(2);
  message.body += "-- \r\nThe list\r\n";
  EXPECT_EQ(world.words(message), "fail: message signature of set 2: the body has been changed");
  World::seal(message, World::sealing(3, Status::pass));
  Result result = world.validate(message);
  EXPECT_EQ(result.status, Status::pass) << "the third saw it pass, and changed it";
  EXPECT_EQ(result.oldest_pass, 3);
  replace(message, "Subject", 1, "plan", "[list] plan");
  World::seal(message, World::sealing(4, Status::pass));
  World::seal(message, World::sealing(5, Status::pass));
  result = world.validate(message);
  EXPECT_EQ(result.oldest_pass, 4);
}

TEST(Arc, EndsAtTheFirstFailure) {
  World world;
  Message message = World::sealed(3);
  replace(message, "From", 1, "eva", "eve");
  EXPECT_EQ(world.words(message), "fail: message signature of set 3: the signature does not fit");
  EXPECT_EQ(world.asked.size(), 1u);
  message = World::sealed(3);
  replace(message, "ARC-Authentication-Results", 2, "spf=pass", "spf=fail");
  EXPECT_EQ(world.words(message), "fail: seal of set 3: the signature does not fit");
  EXPECT_EQ(world.asked.size(), 1u);
  message = World::sealed(3);
  replace(message, "ARC-Seal", 3, "t=1", "t=2");
  EXPECT_EQ(world.words(message), "fail: seal of set 3: the signature does not fit") << "which covers it";
}

// FAULTS T36
TEST(Arc, ABrokenChainAsksNobody) {
  World world;
  const auto broken = [&](std::string_view field, int nth, const std::string& from, const std::string& to) {
    Message message = World::sealed(3);
    replace(message, field, nth, from, to);
    const Result result = world.validate(message);
    EXPECT_TRUE(world.asked.empty());
    EXPECT_EQ(result.status, Status::fail);
    return result.reason;
  };
  EXPECT_EQ(broken("ARC-Seal", 1, "i=3", "i=51"), "ARC-Seal: i=51 is over 50");
  EXPECT_EQ(broken("ARC-Seal", 1, "i=3", "i=0"), "ARC-Seal: i= is no instance");
  EXPECT_EQ(broken("ARC-Seal", 1, "i=3", "i=2"), "ARC: of set 2 there are 1 results, 1 message signatures and 2 seals");
  EXPECT_EQ(broken("ARC-Seal", 1, "cv=pass", "cv=none"), "ARC-Seal: cv= of set 3 is not pass");
  EXPECT_EQ(broken("ARC-Seal", 3, "cv=none", "cv=pass"), "ARC-Seal: cv= of set 1 is not none");
  EXPECT_EQ(broken("ARC-Seal", 1, "cv=pass", "cv=fail"), "ARC-Seal: the chain was broken before");
  EXPECT_EQ(broken("ARC-Seal", 1, "a=rsa-sha256", "a=rsa-sha1"), "ARC-Seal: a= is not rsa-sha256");
  EXPECT_EQ(broken("ARC-Seal", 1, "cv=", "h=from; cv="), "ARC-Seal: there is h= in it");
  EXPECT_EQ(broken("ARC-Seal", 1, "cv=", "cv=pass; cv="), "ARC-Seal: it is no list of tags");
  EXPECT_EQ(broken("ARC-Seal", 1, "cv=", "; cv="), "ARC-Seal: it is no list of tags");
  EXPECT_EQ(broken("ARC-Message-Signature", 1, "from:", "arc-seal:from:"), "ARC-Message-Signature: h= names ARC-Seal");
  EXPECT_EQ(broken("ARC-Authentication-Results", 1, "i=3", "x=3"),
            "ARC-Authentication-Results: there is no i= in front");
  for (const char* field : {"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"}) {
    Message message = World::sealed(2);
    erase(message, field);
    EXPECT_THAT(world.words(message), testing::StartsWith("fail: ARC: of set 2 there are ")) << field;
    EXPECT_TRUE(world.asked.empty());
  }
  Message gap = World::sealed(3);
  for (int i = 0; i < 3; ++i) gap.header.erase(gap.header.begin() + 3);
  EXPECT_THAT(world.words(gap), testing::StartsWith("fail: ARC: of set 2 there are 0 results"));
}

TEST(Arc, VerifiesTenSealsAtMost) {  // FAULTS T36
  World world;
  EXPECT_EQ(world.words(World::sealed(10)), "pass");
  EXPECT_EQ(world.asked.size(), 10u);
  EXPECT_EQ(world.words(World::sealed(11)), "fail: 11 seals are too many");
  EXPECT_TRUE(world.asked.empty());
  world.options.most_seals = 11;
  EXPECT_EQ(world.words(World::sealed(11)), "pass") << "without the limit";
}

TEST(Arc, TellsAFailureOfDnsFromABadKey) {
  World world;
  world.fail(1, dns::Status::tempfail);
  EXPECT_EQ(world.words(World::sealed(2)), "temperror");
  world.fail(1, dns::Status::bogus);
  EXPECT_EQ(world.words(World::sealed(2)), "temperror");
  world.fail(1, dns::Status::nxdomain);
  EXPECT_THAT(world.words(World::sealed(2)), testing::StartsWith("fail: seal of set 1: "));
  world.key(2, "v=DKIM1; p=");
  EXPECT_THAT(world.words(World::sealed(2)), testing::StartsWith("fail: message signature of set 2: "));
  world.options.least_rsa_bits = 1025;
  EXPECT_EQ(world.words(World::sealed(3)), "fail: message signature of set 3: a key of 1024 bits");
}

TEST(Arc, AMessageSignatureSignsAllOfTheBody) {  // FAULTS T32
  World world;
  Message message = World::sealed(1);
  replace(message, "ARC-Message-Signature", 1, "c=relaxed", "l=2; c=relaxed");
  EXPECT_EQ(world.words(message), "fail: message signature of set 1: the body has been changed");
}

TEST(Arc, ManyFieldsAreNoWork) {
  World world;
  Message message = World::sealed(1);
  const HeaderField seal = message.header.front();
  message.header.insert(message.header.begin(), 10'000, seal);
  EXPECT_THAT(world.words(message), testing::StartsWith("fail: ARC: of set 1 "));
  EXPECT_TRUE(world.asked.empty());
}

TEST(ArcSealing, WritesThreeFields) {
  const Message message = World::sealed(1);
  EXPECT_EQ(message.header[0].name, "ARC-Seal");
  EXPECT_EQ(message.header[1].name, "ARC-Message-Signature");
  EXPECT_EQ(message.header[2].name, "ARC-Authentication-Results");
  EXPECT_EQ(message.header[2].value, " i=1; mx.h1.example;\n\tspf=pass smtp.mailfrom=a.example");
  EXPECT_THAT(message.header[0].value, testing::HasSubstr(" cv=none;\n\td=h1.example; i=1; s=s; t="));
  for (const HeaderField& field : std::span(message.header).first(3)) {
    const std::string text = field.name + ":" + field.value;
    for (const std::string_view line : split(text, '\n')) {
      EXPECT_LE(line.size() + (line.starts_with('\t') ? 7 : 0), 78u) << line;
    }
  }
}

TEST(ArcSealing, KeepsAwayFromWhatItCannotSay) {
  const Message message = test::read_message(kMessage);
  const auto problem = [&](const Sealing& sealing, const Message& of) {
    const auto set = seal(sealing, of.header, test::DkimWorld::body_hash(of.body));
    return set ? std::string("sealed") : set.error().message;
  };
  Sealing sealing = World::sealing(1, Status::none);
  EXPECT_EQ(problem(sealing, message), "sealed");
  sealing.key.key = test::make_key(crypto::KeyType::ed25519);
  EXPECT_EQ(problem(sealing, message), "ARC knows RSA keys alone");
  EXPECT_EQ(problem(World::sealing(1, Status::temperror), message), "the state of the chain is not known");
  EXPECT_EQ(problem(World::sealing(50, Status::pass), message), "sealed");
  EXPECT_EQ(problem(World::sealing(51, Status::pass), message), "the chain is too long");
  Message broken = World::sealed(1);
  broken.body += "x";
  EXPECT_EQ(problem(World::sealing(2, Status::fail), broken), "sealed") << "who finds it says it, once";
  World::seal(broken, World::sealing(2, Status::fail));
  EXPECT_EQ(problem(World::sealing(3, Status::fail), broken), "the chain was broken before");
  World world;
  EXPECT_TRUE(world.validate(broken).dead);
}

// FAULTS T17
TEST(ArcSealing, AHostilePayloadStaysOneField) {
  EXPECT_EQ(folded_payload(""), "none");
  EXPECT_EQ(folded_payload("\n\tspf=pass\r\n x.y=\"a  b\";\n\n\tdkim=none\r\n\r\nBody"),
            "spf=pass x.y=\"a  b\"; dkim=none Body");
  EXPECT_EQ(folded_payload("a\nX-Evil: 1\n\n"), "a X-Evil: 1");
  EXPECT_EQ(folded_payload("x=\"\r\nX-Evil: 1"), "x=\"  X-Evil: 1");
  EXPECT_EQ(folded_payload(std::string("a\0\x7f\x1b b", 6)), "a b");
  EXPECT_EQ(folded_payload("x=\"\\\"\n\""), "x=\"\\\" \"");
  const std::string longest = folded_payload(std::string(5000, 'x') + " " + std::string(5000, '"'));
  for (const std::string_view line : split(longest, '\n')) EXPECT_LE(line.size(), 998u);
  std::string many;
  for (int i = 0; i < 50; ++i) many += "dkim=pass header.d=b.example; ";
  const std::string folded = folded_payload(many);
  EXPECT_GT(split(folded, '\n').size(), 10u);
  for (const std::string_view line : split(folded, '\n')) EXPECT_LE(line.size(), 70u);
}

}  // namespace
}  // namespace postern::arc
