#pragma once

#include <cstddef>
#include <memory>

#include "policy/base/counters.h"
#include "policy/dns/resolver.h"

namespace postern::dns {

constexpr std::size_t kMessageQuestions = 60;  // FAULTS T44, N15

/// The questions of one message. Remembers each answer that was not late, so that a fact never changes while the
/// message lasts, and caps the different questions that are asked for it. Thread-safe.
class MessageResolver {
 public:
  class View;

  /// Asks what `resolver` has `current` now. Both outlive this and every view.
  MessageResolver(Resolver& resolver, Counters& counters, std::size_t most_questions = kMessageQuestions);

  /// The eyes of one check, which may ask `most_questions` different questions; it keeps what it needs of this object
  /// alive.
  std::shared_ptr<View> view(std::size_t most_questions) const;
  /// The same with a share of its own: its questions use up nothing that the others have, nor do theirs. So nobody can
  /// let one check starve by what he writes for another.
  std::shared_ptr<View> own_view(std::size_t most_questions) const;
  /// Different questions of all views so far.
  std::size_t asked() const;
  bool in_doubt() const;

 private:
  struct State;
  friend class View;
  std::shared_ptr<State> state_;
};

/// One check's Resolver. A question over a cap is answered `tempfail` with the problem "too many DNS questions" and
/// counts in dns.capped; what was prefetched, or asked by another run of the same check, counts once. Thread-safe, but
/// a run is one thread's: was_late(), trust() and new_run() belong to whoever runs the check.
class MessageResolver::View final : public Resolver {
 public:
  enum class Share { common, own };
  View(std::shared_ptr<State> message, std::size_t most_questions, Share share);
  ~View() override;

  void prefetch(const Question& question) override;
  AnswerPtr query(const Question& question, const Deadline& deadline) override;
  /// Remembered apart from query(): the same question asked both ways may have two answers.
  AnswerPtr query_uncached(const Question& question, const Deadline& deadline) override;

  /// Begins a run of the check: forgets was_late() and trust(), keeps the counts.
  void new_run();
  /// Was an answer `late` in this run? Then the run's result is "not yet", whatever it says.
  bool was_late() const;
  /// That of the least reliable answer of this run; `local` where none was asked for.
  Trust trust() const;
  /// Different questions of this check so far.
  std::size_t asked() const;

 private:
  struct Counted;
  std::shared_ptr<State> message_;
  std::unique_ptr<Counted> counted_;
};

}  // namespace postern::dns
