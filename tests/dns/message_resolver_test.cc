#include "policy/dns/message_resolver.h"

#include <atomic>
#include <thread>

#include <fmt/format.h>

namespace postern::dns {
namespace {

const Deadline kNow{SteadyTime::min()};

// Answers each question differently from the time before, and late where it is told.
class FickleResolver final : public Resolver {
 public:
  void prefetch(const Question&) override { ++prefetched; }
  AnswerPtr query(const Question&, const Deadline&) override { return answer(); }
  AnswerPtr query_uncached(const Question&, const Deadline&) override { return answer(); }

  std::atomic<int> prefetched{0};
  std::atomic<int> asked{0};
  std::atomic<bool> late{false};

 private:
  AnswerPtr answer() {
    Answer answer;
    answer.late = late;
    answer.status = late ? Status::tempfail : Status::ok;
    answer.texts = {fmt::format("{}", ++asked)};
    return std::make_shared<const Answer>(std::move(answer));
  }
};

struct World {
  FickleResolver resolver;
  Counters counters;
  MessageResolver message;

  explicit World(std::size_t most = kMessageQuestions) : message(resolver, counters, most) {}
  std::int64_t capped() { return counters.get("dns.capped").value(); }
};

Question question(std::string_view name, Type type = Type::txt) { return {*Domain::parse(name), type}; }
std::string ask(MessageResolver::View& view, std::string_view name) {
  const AnswerPtr answer = view.query(question(name), kNow);
  return answer->texts.empty() ? answer->problem : answer->texts[0];
}

TEST(MessageResolver, NeverChangesAFact) {
  World w;
  const auto a = w.message.view(10);
  const auto b = w.message.view(10);
  EXPECT_EQ(ask(*a, "x.test"), "1");
  EXPECT_EQ(ask(*b, "x.test"), "1");
  EXPECT_EQ(ask(*a, "y.test"), "2");
  EXPECT_EQ(a->query_uncached(question("x.test"), kNow)->texts[0], "3");
  EXPECT_EQ(b->query_uncached(question("x.test"), kNow)->texts[0], "3");
  EXPECT_EQ(ask(*b, "x.test"), "1");
  EXPECT_EQ(w.resolver.asked, 3);
  const MessageResolver next(w.resolver, w.counters);
  EXPECT_EQ(ask(*next.view(10), "x.test"), "4");
}

TEST(MessageResolver, ForgetsLateAnswers) {
  World w;
  const auto view = w.message.view(10);
  w.resolver.late = true;
  EXPECT_EQ(ask(*view, "x.test"), "1");
  EXPECT_TRUE(view->was_late());
  w.resolver.late = false;
  view->new_run();
  EXPECT_FALSE(view->was_late());
  EXPECT_EQ(ask(*view, "x.test"), "2");
  EXPECT_EQ(ask(*view, "x.test"), "2");
  EXPECT_FALSE(view->was_late());
  EXPECT_EQ(view->asked(), 1u);
}

TEST(MessageResolver, CapsEachCheck) {
  World w;
  const auto view = w.message.view(2);
  view->prefetch(question("a.test"));
  EXPECT_EQ(ask(*view, "a.test"), "1");
  EXPECT_EQ(ask(*view, "b.test"), "2");
  EXPECT_EQ(w.capped(), 0);
  const AnswerPtr over = view->query(question("c.test"), kNow);
  EXPECT_EQ(over->status, Status::tempfail);
  EXPECT_FALSE(over->late);
  EXPECT_EQ(over->problem, "too many DNS questions");
  EXPECT_EQ(w.capped(), 1);
  EXPECT_EQ(ask(*view, "b.test"), "2");
  view->prefetch(question("d.test"));
  EXPECT_EQ(w.resolver.prefetched, 1);
  EXPECT_EQ(view->query_uncached(question("a.test"), kNow)->problem, "too many DNS questions");
  EXPECT_EQ(ask(*w.message.view(1), "c.test"), "3");  // another check's cap is its own
  EXPECT_EQ(w.resolver.asked, 3);
}

TEST(MessageResolver, CapsTheMessage) {
  World w(2);
  const auto a = w.message.view(10);
  const auto b = w.message.view(10);
  EXPECT_EQ(ask(*a, "a.test"), "1");
  EXPECT_EQ(ask(*b, "b.test"), "2");
  EXPECT_EQ(ask(*b, "c.test"), "too many DNS questions");
  EXPECT_EQ(ask(*b, "a.test"), "1");
  EXPECT_EQ(w.message.asked(), 2u);
  EXPECT_EQ(w.capped(), 1);
}

TEST(MessageResolver, GivesAShareThatNobodyElseUsesUp) {
  World w(2);
  const auto common = w.message.view(10);
  const auto own = w.message.own_view(2);
  EXPECT_EQ(ask(*own, "a.test"), "1");
  EXPECT_EQ(ask(*own, "b.test"), "2");
  EXPECT_EQ(ask(*own, "c.test"), "too many DNS questions");
  EXPECT_EQ(ask(*common, "d.test"), "3");
  EXPECT_EQ(ask(*common, "e.test"), "4");
  EXPECT_EQ(ask(*common, "f.test"), "too many DNS questions");
  EXPECT_EQ(ask(*common, "a.test"), "1") << "what is known already costs nobody anything";
  EXPECT_EQ(ask(*w.message.own_view(1), "g.test"), "5");
}

TEST(MessageResolver, OutlivesItsMessage) {
  FickleResolver resolver;
  Counters counters;
  std::shared_ptr<MessageResolver::View> view;
  {
    const MessageResolver message(resolver, counters);
    view = message.view(1);
  }
  EXPECT_EQ(ask(*view, "a.test"), "1");
}

TEST(MessageResolver, GivesAllThreadsTheSameFacts) {
  World w;
  std::vector<std::vector<std::string>> seen(8);
  std::vector<std::thread> threads;
  for (auto& mine : seen) {
    threads.emplace_back([&w, &mine] {
      const auto view = w.message.view(60);
      for (int i = 0; i < 60; ++i) mine.push_back(ask(*view, fmt::format("n{}.test", i)));
    });
  }
  for (std::thread& t : threads) t.join();
  for (const auto& mine : seen) EXPECT_EQ(mine, seen[0]);
  EXPECT_EQ(w.capped(), 0);
}

}  // namespace
}  // namespace postern::dns
