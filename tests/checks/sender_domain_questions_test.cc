// What sender-domain asks, and when it does not believe the answer.

#include <set>

#include "tests/checks/breaking_resolver.h"
#include "tests/support/world.h"

namespace postern {
namespace {

using test::BreakingResolver;
using test::World;

constexpr const char* kZone =
    "one.example. MX 5 good.example.\n"
    "good.example. A 8.8.8.1\n"
    "good.example. AAAA 2a00::1\n"
    "three.example. MX 5 good.example.\n"
    "three.example. MX 6 lan.example.\n"
    "three.example. MX 7 gone.example.\n"
    "bad.example. MX 6 lan.example.\n"
    "bad.example. MX 7 gone.example.\n"
    "lan.example. A 10.0.0.1\n"
    "null.example. MX 0 .\n";

std::size_t questions(const char* sender) {
  BreakingResolver resolver(kZone);
  World(resolver).check("sender-domain", sender);
  std::set<test::Asked> all = resolver.asked;
  for (const dns::Question& question : resolver.prefetched) all.insert({question, false});
  return all.size();
}

TEST(SenderDomainQuestions, AreAsManyAsThePageSays) {
  EXPECT_EQ(questions("a@one.example"), 3u);
  EXPECT_EQ(questions("a@good.example"), 3u) << "no MX";
  EXPECT_EQ(questions("a@null.example"), 1u);
  EXPECT_EQ(questions("a@nowhere.example"), 2u);
  EXPECT_EQ(questions("a@bad.example"), 7u) << "MX, two hosts, and the one that does not exist again";
  for (const char* free : {"<>", "root", "a@[192.0.2.1]", "a@home.example", "@@"})
    EXPECT_EQ(questions(free), 0u) << free;
}

TEST(SenderDomainQuestions, AreAnnouncedTogetherAndReadNoLongerThanNeeded) {
  BreakingResolver resolver(kZone);
  World(resolver).check("sender-domain", "a@three.example");
  EXPECT_EQ(resolver.prefetched.size(), 6u);
  EXPECT_EQ(resolver.asked.size(), 2u) << "the first host works, and its IPv4 address suffices";
}

TEST(SenderDomainQuestions, AreNotRepeatedWhereNoAnswerCouldHelp) {
  BreakingResolver resolver(kZone);
  resolver.broken = {{{*Domain::parse("lan.example"), dns::Type::a}, false}};
  EXPECT_EQ(World(resolver).check("sender-domain", "a@bad.example"), "unavailable");
  for (const test::Asked& asked : resolver.asked) EXPECT_FALSE(asked.uncached) << asked.question.name.text();
}

// FAULTS T39: answers NXDOMAIN for what its cache has wrong; past the cache it knows better.
class StaleCache final : public dns::Resolver {
 public:
  explicit StaleCache(std::set<std::string> stale) : stale_(std::move(stale)) {}
  void prefetch(const dns::Question&) override {}
  dns::AnswerPtr query(const dns::Question& question, const Deadline& deadline) override {
    if (!stale_.contains(question.name.text())) return fresh.query(question, deadline);
    dns::Answer answer;
    answer.status = dns::Status::nxdomain;
    return std::make_shared<const dns::Answer>(std::move(answer));
  }
  dns::AnswerPtr query_uncached(const dns::Question& question, const Deadline& deadline) override {
    return fresh.query_uncached(question, deadline);
  }

  BreakingResolver fresh{kZone};

 private:
  const std::set<std::string> stale_;
};

std::string with_stale(std::set<std::string> stale, const char* sender) {
  StaleCache cache(std::move(stale));
  return World(cache).check("sender-domain", sender);
}

TEST(SenderDomainQuestions, DoNotBelieveAnNxdomainOfTheCache) {
  EXPECT_EQ(with_stale({"one.example"}, "a@one.example"), "ok");
  EXPECT_EQ(with_stale({"good.example"}, "a@one.example"), "ok") << "a mail host";
  EXPECT_EQ(with_stale({"one.example", "good.example"}, "a@one.example"), "ok");
  EXPECT_EQ(with_stale({"good.example"}, "a@good.example"), "ok") << "without MX";
  EXPECT_EQ(with_stale({"null.example"}, "a@null.example"), "null-mx");
  EXPECT_EQ(with_stale({"nowhere.example"}, "a@nowhere.example"), "nxdomain");
  EXPECT_EQ(with_stale({"lan.example"}, "a@bad.example"), "mx-private");
}

TEST(SenderDomainQuestions, LeaveItOpenWhatCannotBeConfirmed) {
  for (const auto& [name, type, sender] : {std::tuple{"nowhere.example", dns::Type::mx, "a@nowhere.example"},
                                           {"good.example", dns::Type::a, "a@one.example"}}) {
    StaleCache cache({name});
    cache.fresh.broken = {{{*Domain::parse(name), type}, true}};
    if (type == dns::Type::a) cache.fresh.broken.insert({{*Domain::parse(name), dns::Type::aaaa}, true});
    EXPECT_EQ(World(cache).check("sender-domain", sender), "unavailable") << sender;
    cache.fresh.trouble = test::Trouble::bogus;
    EXPECT_EQ(World(cache).check("sender-domain", sender), "bogus") << sender;
  }
}

}  // namespace
}  // namespace postern
