#include "policy/dns/message_resolver.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include "policy/base/guarded.h"

namespace postern::dns {

namespace {

struct Key {
  Question question;
  bool uncached;
  friend auto operator<=>(const Key&, const Key&) = default;
};

const AnswerPtr& too_many() {
  static const AnswerPtr answer = [] {
    Answer capped;
    capped.problem = "too many DNS questions";
    return std::make_shared<const Answer>(std::move(capped));
  }();
  return answer;
}

// A set that takes no more than `most`; true when `key` is in it afterwards.
bool admit(std::set<Key>& keys, const Key& key, std::size_t most) {
  if (keys.contains(key)) return true;
  if (keys.size() >= most) return false;
  keys.insert(key);
  return true;
}

}  // namespace

struct MessageResolver::State {
  struct Known {
    std::set<Key> asked;
    std::map<Key, AnswerPtr> answers;
  };
  State(Resolver& next, Counters& counters, std::size_t cap)
      : resolver(next.current()), capped(counters.get("dns.capped")), most(cap) {}

  const std::shared_ptr<Resolver> resolver;
  Counter& capped;
  const std::size_t most;
  Guarded<Known> known;

  // The answer of this message where it has one, else nothing.
  AnswerPtr remembered(const Key& key) {
    return known.with([&](const Known& k) {
      const auto found = k.answers.find(key);
      return found == k.answers.end() ? nullptr : found->second;
    });
  }
  // The first answer wins: whoever asked at the same time gets that one too.
  AnswerPtr remember(const Key& key, AnswerPtr answer) {
    if (answer->late) return answer;
    return known.with([&](Known& k) { return k.answers.emplace(key, std::move(answer)).first->second; });
  }
};

MessageResolver::MessageResolver(Resolver& resolver, Counters& counters, std::size_t most_questions)
    : state_(std::make_shared<State>(resolver, counters, most_questions)) {}

std::shared_ptr<MessageResolver::View> MessageResolver::view(std::size_t most_questions) const {
  return std::make_shared<View>(state_, most_questions);
}

std::size_t MessageResolver::asked() const {
  return state_->known.with([](const State::Known& k) { return k.asked.size(); });
}

bool MessageResolver::in_doubt() const { return state_->resolver->in_doubt(); }

struct MessageResolver::View::Counted {
  explicit Counted(std::size_t cap) : most(cap) {}

  const std::size_t most;
  Guarded<std::set<Key>> asked;
  std::atomic<bool> late{false};
  std::atomic<Trust> trust{Trust::local};

  const AnswerPtr& seen(const AnswerPtr& answer) {
    if (answer->late) late = true;
    trust = std::max(trust.load(), answer->trust);
    return answer;
  }

  bool admits(State& message, const Key& key) {
    const bool ours = asked.with([&](std::set<Key>& keys) { return admit(keys, key, most); });
    const bool whole = ours && message.known.with([&](State::Known& k) { return admit(k.asked, key, message.most); });
    if (!whole) message.capped.add();
    return whole;
  }
};

MessageResolver::View::View(std::shared_ptr<State> message, std::size_t most_questions)
    : message_(std::move(message)), counted_(std::make_unique<Counted>(most_questions)) {}

MessageResolver::View::~View() = default;

void MessageResolver::View::prefetch(const Question& question) {
  const Key key{question, false};
  if (!counted_->admits(*message_, key) || message_->remembered(key)) return;
  message_->resolver->prefetch(question);
}

AnswerPtr MessageResolver::View::query(const Question& question, const Deadline& deadline) {
  const Key key{question, false};
  if (!counted_->admits(*message_, key)) return too_many();
  if (const AnswerPtr known = message_->remembered(key)) return counted_->seen(known);
  return counted_->seen(message_->remember(key, message_->resolver->query(question, deadline)));
}

AnswerPtr MessageResolver::View::query_uncached(const Question& question, const Deadline& deadline) {
  const Key key{question, true};
  if (!counted_->admits(*message_, key)) return too_many();
  if (const AnswerPtr known = message_->remembered(key)) return counted_->seen(known);
  return counted_->seen(message_->remember(key, message_->resolver->query_uncached(question, deadline)));
}

void MessageResolver::View::new_run() {
  counted_->late = false;
  counted_->trust = Trust::local;
}

Trust MessageResolver::View::trust() const { return counted_->trust; }

bool MessageResolver::View::was_late() const { return counted_->late; }

std::size_t MessageResolver::View::asked() const {
  return counted_->asked.with([](const std::set<Key>& keys) { return keys.size(); });
}

}  // namespace postern::dns
