#include "policy/dns/message_resolver.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "policy/base/guarded.h"

namespace postern::dns {

namespace {

struct Key {
  Question question;
  bool uncached;
  friend bool operator==(const Key&, const Key&) = default;
};

const AnswerPtr& too_many() {
  static const AnswerPtr answer = [] {
    Answer capped;
    capped.problem = "too many DNS questions";
    capped.unasked = true;
    return std::make_shared<const Answer>(std::move(capped));
  }();
  return answer;
}

}  // namespace

struct MessageResolver::State {
  struct Asked {
    Key key;
    AnswerPtr answer;  ///< null while there is none that was not late
  };
  State(Resolver& next, Counters& counters, std::size_t cap)
      : resolver(next.current()), capped(counters.get("dns.capped")), most(cap) {}

  const std::shared_ptr<Resolver> resolver;
  Counter& capped;
  const std::size_t most;
  struct Questions {
    std::vector<Asked> all;  // few: looked through from the front
    std::size_t shared = 0;  // of them, how many count for the message
  };
  Guarded<Questions> asked;

  // The first answer wins: whoever asked at the same time gets that one too.
  AnswerPtr remember(std::size_t question, AnswerPtr answer) {
    if (answer->late) return answer;
    return asked.with([&](Questions& questions) {
      AnswerPtr& known = questions.all[question].answer;
      if (!known) known = std::move(answer);
      return known;
    });
  }
};

MessageResolver::MessageResolver(Resolver& resolver, Counters& counters, std::size_t most_questions)
    : state_(std::make_shared<State>(resolver, counters, most_questions)) {}

std::shared_ptr<MessageResolver::View> MessageResolver::view(std::size_t most_questions) const {
  return std::make_shared<View>(state_, most_questions, View::Share::common);
}

std::shared_ptr<MessageResolver::View> MessageResolver::own_view(std::size_t most_questions) const {
  return std::make_shared<View>(state_, most_questions, View::Share::own);
}

std::size_t MessageResolver::asked() const {
  return state_->asked.with([](const auto& questions) { return questions.all.size(); });
}

bool MessageResolver::in_doubt() const { return state_->resolver->in_doubt(); }

struct MessageResolver::View::Counted {
  Counted(std::size_t cap, Share part) : most(cap), share(part) {}

  const std::size_t most;
  const Share share;
  std::vector<std::size_t> asked;  // indexes into State::asked, under its lock
  std::atomic<bool> late{false};
  std::atomic<Trust> trust{Trust::local};

  const AnswerPtr& seen(const AnswerPtr& answer) {
    if (answer->late) late = true;
    trust = std::max(trust.load(), answer->trust);
    return answer;
  }

  struct Admitted {
    std::size_t question;
    AnswerPtr known;
  };
  // Where a question stands, and what is known of it; nothing where it is one too many.
  std::optional<Admitted> admit(State& message, const Key& key) {
    const auto admitted = message.asked.with([&](State::Questions& questions) -> std::optional<Admitted> {
      std::vector<State::Asked>& all = questions.all;
      const auto found = std::find_if(all.begin(), all.end(), [&](const State::Asked& a) { return a.key == key; });
      const auto question = static_cast<std::size_t>(found - all.begin());
      const bool ours = std::find(asked.begin(), asked.end(), question) != asked.end();
      if (!ours && asked.size() >= most) return std::nullopt;
      if (found == all.end()) {
        if (share == Share::common && questions.shared >= message.most) return std::nullopt;
        if (share == Share::common) ++questions.shared;
        all.push_back({key, nullptr});
      }
      if (!ours) asked.push_back(question);
      return Admitted{question, all[question].answer};
    });
    if (!admitted) message.capped.add();
    return admitted;
  }
};

MessageResolver::View::View(std::shared_ptr<State> message, std::size_t most_questions, Share share)
    : message_(std::move(message)), counted_(std::make_unique<Counted>(most_questions, share)) {}

MessageResolver::View::~View() = default;

void MessageResolver::View::prefetch(const Question& question) {
  const auto admitted = counted_->admit(*message_, {question, false});
  if (admitted && !admitted->known) message_->resolver->prefetch(question);
}

AnswerPtr MessageResolver::View::query(const Question& question, const Deadline& deadline) {
  const auto admitted = counted_->admit(*message_, {question, false});
  if (!admitted) return too_many();
  if (admitted->known) return counted_->seen(admitted->known);
  return counted_->seen(message_->remember(admitted->question, message_->resolver->query(question, deadline)));
}

AnswerPtr MessageResolver::View::query_uncached(const Question& question, const Deadline& deadline) {
  const auto admitted = counted_->admit(*message_, {question, true});
  if (!admitted) return too_many();
  if (admitted->known) return counted_->seen(admitted->known);
  return counted_->seen(message_->remember(admitted->question, message_->resolver->query_uncached(question, deadline)));
}

void MessageResolver::View::new_run() {
  counted_->late = false;
  counted_->trust = Trust::local;
}

Trust MessageResolver::View::trust() const { return counted_->trust; }

bool MessageResolver::View::was_late() const { return counted_->late; }

std::size_t MessageResolver::View::asked() const {
  return message_->asked.with([&](const auto&) { return counted_->asked.size(); });
}

}  // namespace postern::dns
