#include <fmt/format.h>

#include <cstdlib>
#include <functional>

#include "tests/rules/model.h"

namespace postern::rules::model {
namespace {

constexpr std::array<Stage, 6> kStages{Stage::connect, Stage::sender, Stage::recipient,
                                       Stage::headers, Stage::body,   Stage::end};
constexpr std::array<Outcome, 3> kAnswers{
    {{"x", {550, {7, 9}, "x it is"}, ""}, {"y", {}, ""}, {"down", {451, {4, 3}, "down"}, "", Failure::yes}}};

// What is known of a world at one stage. Checks are asked for one by one, or known from the start.
class Moment : public Known {
 public:
  Moment(const RuleSet& rules, const World& world, Stage stage) : rules_(rules), world_(world), stage_(stage) {
    for (const CheckDecl& decl : rules.checks()) due_.push_back(decl.stage <= stage);
    asked_.resize(due_.size());
    late_.resize(due_.size());
  }

  FactState fact(std::size_t index) const override {
    const std::size_t f = fact_of(index);
    if (stage_of_fact(f) > stage_) return {};
    if (f == 3) return FactState::of(std::int64_t{world_.facts[f] ? 2000 : 10});
    return world_.facts[f] ? FactState::of(std::string("1")) : FactState::absent();
  }

  CheckState check(std::size_t index) const override {
    if (!due_[index] || late_[index]) return {};
    if (!asked_[index]) return {CheckState::Kind::askable, nullptr};
    const Answer a = world_.checks[check_of(index)];
    return {a == Answer::down ? CheckState::Kind::failed : CheckState::Kind::known,
            &kFindings()[static_cast<std::size_t>(a)]};
  }

  std::int64_t unix_time() const override { return 1'800'000'000; }

  bool askable(std::size_t index) const { return due_[index] && !late_[index] && !asked_[index]; }
  void ask(std::size_t index) { asked_[index] = true; }
  void be_late(std::size_t index) { late_[index] = true; }
  void ask_all() { asked_.assign(asked_.size(), true); }
  bool knows_check(std::size_t check) const {
    for (std::size_t i = 0; i < due_.size(); ++i) {
      if (check_of(i) == check) return due_[i] && asked_[i] && !late_[i];
    }
    return false;
  }
  std::size_t checks() const { return due_.size(); }
  Stage stage() const { return stage_; }

 private:
  static const std::array<Finding, 3>& kFindings() {
    static const std::array<Finding, 3> all{{{&kAnswers[0], ""}, {&kAnswers[1], ""}, {&kAnswers[2], ""}}};
    return all;
  }
  std::size_t check_of(std::size_t index) const {
    return static_cast<std::size_t>(rules_.checks()[index].name[1] - '0');
  }
  std::size_t fact_of(std::size_t index) const {
    for (std::size_t f = 0; f < kFacts; ++f) {
      if (rules_.facts()[index].name == fact_name(f)) return f;
    }
    return 0;
  }

  const RuleSet& rules_;
  const World& world_;
  Stage stage_;
  std::vector<bool> due_, asked_, late_;
};

using Decider = std::function<Verdict(const RuleSet&, const Known&, Stage, Layer)>;

std::string words(const Verdict& v) {
  if (v.kind == Verdict::Kind::open) return "open";
  if (v.kind == Verdict::Kind::needs) return fmt::format("needs {}", v.check);
  const Decision& d = v.decision;
  return fmt::format("{}{}{}{}", name(d.action), d.softened ? " softened" : "",
                     d.rule ? fmt::format(" r{}", *d.rule) : "",
                     d.reply ? fmt::format(" {} {} {}", d.reply->code(), d.reply->status_text(), d.reply->text()) : "");
}

Class class_of_verdict(const Verdict& v) { return class_of_action(v.decision.action); }

// Asks as decide() wants, until it wants no more.
Verdict asked_out(const Decider& decider, const RuleSet& rules, Moment& moment, Layer layer, std::string& trouble) {
  for (std::size_t turn = 0;; ++turn) {
    Verdict v = decider(rules, moment, moment.stage(), layer);
    if (v.kind != Verdict::Kind::needs) return v;
    if (v.check >= moment.checks() || !moment.askable(v.check) || turn > kChecks) {
      trouble = "asks for what can not be asked";
      return v;
    }
    moment.ask(v.check);
  }
}

// The same, by one who keeps what is settled; "" or where decide() would have said otherwise on the way.
std::string asked_on_the_way(const RuleSet& rules, Moment& moment, Layer layer, std::mt19937& dice) {
  Deciding deciding(rules, moment, moment.stage(), layer);
  for (std::size_t turn = 0; turn <= kChecks; ++turn) {
    const Verdict kept = deciding.verdict();
    const Verdict anew = decide(rules, moment, moment.stage(), layer);
    if (words(kept) != words(anew)) return fmt::format("on the way \"{}\", anew \"{}\"", words(kept), words(anew));
    if (kept.kind != Verdict::Kind::needs) return {};
    dice() % 4 == 0 ? moment.be_late(kept.check) : moment.ask(kept.check);
  }
  return "asks again and again";
}

// Every world that agrees with what is known.
template <class Visit>
void each_world(const World& world, const std::array<bool, kChecks>& check_fixed,
                const std::array<bool, kFacts>& fact_fixed, Visit visit) {
  World w = world;
  const std::function<void(std::size_t)> vary = [&](std::size_t at) {
    if (at == kChecks + kFacts) return visit(w);
    if (at < kChecks) {
      if (check_fixed[at]) return vary(at + 1);
      for (const Answer a : {Answer::x, Answer::y, Answer::down}) {
        w.checks[at] = a;
        vary(at + 1);
      }
      w.checks[at] = world.checks[at];
    } else {
      if (fact_fixed[at - kChecks]) return vary(at + 1);
      for (const bool b : {false, true}) {
        w.facts[at - kChecks] = b;
        vary(at + 1);
      }
      w.facts[at - kChecks] = world.facts[at - kChecks];
    }
  };
  vary(0);
}

// What the model has against one policy in one world; empty: nothing. `early` counts refusals spoken before the end.
std::string examine(const Policy& policy, const RuleSet& rules, const Decider& decider, std::mt19937& dice,
                    int& early) {
  World world;
  for (Answer& a : world.checks) a = static_cast<Answer>(dice() % 3);
  for (bool& b : world.facts) b = dice() % 2 != 0;
  const Stage stage = kStages[dice() % kStages.size()];
  const Layer layer = stage == Stage::end && dice() % 4 == 0 ? Layer::shadow : Layer::enforced;
  std::string trouble;

  Moment lazy(rules, world, stage);
  const Verdict v = asked_out(decider, rules, lazy, layer, trouble);
  if (!trouble.empty()) return trouble;

  // Lazy, eager, and any order of arrival agree.
  Moment eager(rules, world, stage);
  eager.ask_all();
  const Verdict all = decider(rules, eager, stage, layer);
  if (words(all) != words(v)) return fmt::format("lazy says \"{}\", eager \"{}\"", words(v), words(all));
  Moment mixed(rules, world, stage);
  for (std::size_t i = 0; i < mixed.checks(); ++i) {
    if (dice() % 2) mixed.ask(i);
  }
  const Verdict some = asked_out(decider, rules, mixed, layer, trouble);
  Moment kept(rules, world, stage);
  if (trouble = asked_on_the_way(rules, kept, layer, dice); !trouble.empty()) return trouble;
  if (words(some) != words(v))
    return fmt::format("lazy says \"{}\", with some answers there already \"{}\"", words(v), words(some));

  if (stage == Stage::end) {
    if (v.kind != Verdict::Kind::certain) return "the end leaves it open";
    const Ending ending = end_of(policy, world, layer);
    if (class_of_verdict(v) != ending.result || v.decision.softened != ending.softened) {
      return fmt::format("decide says \"{}\", the model {}{}", words(v), static_cast<int>(ending.result),
                         ending.softened ? " softened" : "");
    }
    // A failure never makes a new 5xx or discard: whatever the failed answers had been, it would have been the same.
    if (ending.result == Class::permfail || ending.result == Class::discard) {
      std::array<bool, kChecks> answered{};
      std::array<bool, kFacts> facts;
      facts.fill(true);
      for (std::size_t i = 0; i < kChecks; ++i) answered[i] = world.checks[i] != Answer::down;
      each_world(world, answered, facts, [&](const World& w) {
        for (std::size_t i = 0; i < kChecks; ++i) {
          if (!answered[i] && w.checks[i] == Answer::down) return;  // it is real answers that could spare it
        }
        if (end_of(policy, w, layer).result != class_of_verdict(v))
          trouble = fmt::format("\"{}\", which an answer that failed could have spared", words(v));
      });
    }
    return trouble;
  }

  // Spoken early = what the end would say, or a 4xx where the end would refuse. Some answers may come too late for this
  // stage.
  Moment slow(rules, world, stage);
  for (std::size_t i = 0; i < slow.checks(); ++i) {
    if (dice() % 3 == 0) slow.be_late(i);
  }
  Verdict slow_verdict = asked_out(decider, rules, slow, layer, trouble);
  if (!trouble.empty()) return trouble;
  for (const auto& [moment, verdict] : {std::pair<const Moment*, const Verdict*>{&lazy, &v}, {&slow, &slow_verdict}}) {
    if (verdict->kind != Verdict::Kind::certain) continue;
    ++early;
    const Class spoken = class_of_verdict(*verdict);
    const std::string said = words(*verdict);
    if (spoken != Class::tempfail && spoken != Class::permfail) return "speaks what is no refusal before the end";
    std::array<bool, kChecks> checks{};
    std::array<bool, kFacts> facts{};
    for (std::size_t i = 0; i < kChecks; ++i) checks[i] = moment->knows_check(i);
    for (std::size_t i = 0; i < kFacts; ++i) facts[i] = stage_of_fact(i) <= stage;
    each_world(world, checks, facts, [&](const World& w) {
      const Class end = end_of(policy, w, layer).result;
      const bool fits = end == spoken || (spoken == Class::tempfail && end == Class::permfail);
      if (!fits)
        trouble = fmt::format("says \"{}\" at {}, but a world ends with {}", said, name(stage), static_cast<int>(end));
    });
    if (!trouble.empty()) return trouble;
  }
  return {};
}

struct Tally {
  int policies = 0;
  int early = 0;
  std::string trouble;  ///< of the first policy that has one
};

Tally run(int policies, unsigned seed, const Decider& decider) {
  Tally result;
  for (; result.policies < policies && result.trouble.empty(); ++result.policies) {
    std::mt19937 dice(seed + static_cast<unsigned>(result.policies));
    const Policy policy = Policy::random(dice);
    const auto rules = policy.compile();
    if (!rules) return result;
    for (int world = 0; world < 2 && result.trouble.empty(); ++world) {
      result.trouble = examine(policy, *rules, decider, dice, result.early);
    }
    if (!result.trouble.empty())
      result.trouble =
          fmt::format("policy {} of seed {}: {}\n{}", result.policies, seed, result.trouble, policy.text());
  }
  return result;
}

int from_environment(const char* variable, int fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : std::atoi(text);
}

TEST(RandomModel, DecideEndsAsEveryWorldDoes) {
  const int policies = from_environment("POSTERN_MODEL_POLICIES", 100'000);
  const auto seed =
      static_cast<unsigned>(from_environment("POSTERN_MODEL_SEED", static_cast<int>(std::random_device{}() >> 1)));
  std::printf("%d policies from seed %u (POSTERN_MODEL_SEED)\n", policies, seed);
  const Tally result = run(policies, seed, decide);
  EXPECT_EQ(result.trouble, "");
  EXPECT_EQ(result.policies, policies);
  std::printf("%d refusals were spoken before the end\n", result.early);
  EXPECT_GT(result.early, policies / 20) << "a test of what is never spoken early proves little";
}

// Deciders that are wrong on purpose: each asks decide() of a lie. The model must find each out.
class Lie : public Known {
 public:
  explicit Lie(const Known& truth) : truth_(truth) {}
  FactState fact(std::size_t index) const override { return truth_.fact(index); }
  CheckState check(std::size_t index) const override { return truth_.check(index); }
  std::int64_t unix_time() const override { return truth_.unix_time(); }

 private:
  const Known& truth_;
};

const Finding& finding_of(std::size_t answer) {
  static const std::array<Finding, 2> all{{{&kAnswers[0], ""}, {&kAnswers[1], ""}}};
  return all[answer];
}

TEST(RandomModel, FindsOutWhoTakesALaterFactForAbsent) {
  class LaterIsAbsent : public Lie {
   public:
    using Lie::Lie;
    FactState fact(std::size_t index) const override {
      FactState state = Lie::fact(index);
      return state.kind == FactState::Kind::later ? FactState::absent() : state;
    }
  };
  const Tally result = run(
      5000, 1, [](const RuleSet& r, const Known& k, Stage s, Layer l) { return decide(r, LaterIsAbsent(k), s, l); });
  EXPECT_THAT(result.trouble, testing::HasSubstr("but a world ends with"));
}

TEST(RandomModel, FindsOutWhoTakesALaterCheckForAnswered) {
  class LaterIsY : public Lie {
   public:
    using Lie::Lie;
    CheckState check(std::size_t index) const override {
      const CheckState state = Lie::check(index);
      return state.kind == CheckState::Kind::later ? CheckState{CheckState::Kind::known, &finding_of(1)} : state;
    }
  };
  const Tally result =
      run(5000, 1, [](const RuleSet& r, const Known& k, Stage s, Layer l) { return decide(r, LaterIsY(k), s, l); });
  EXPECT_THAT(result.trouble, testing::HasSubstr("but a world ends with"));
}

TEST(RandomModel, FindsOutWhoTakesAFailureForAnAnswer) {
  class FailedIsX : public Lie {
   public:
    using Lie::Lie;
    CheckState check(std::size_t index) const override {
      const CheckState state = Lie::check(index);
      return state.kind == CheckState::Kind::failed ? CheckState{CheckState::Kind::known, &finding_of(0)} : state;
    }
  };
  const Tally result =
      run(5000, 1, [](const RuleSet& r, const Known& k, Stage s, Layer l) { return decide(r, FailedIsX(k), s, l); });
  EXPECT_NE(result.trouble, "");
}

TEST(RandomModel, FindsOutWhoDoesNotAsk) {
  class Unasked : public Lie {
   public:
    using Lie::Lie;
    CheckState check(std::size_t index) const override {
      const CheckState state = Lie::check(index);
      return state.kind == CheckState::Kind::askable ? CheckState{} : state;
    }
  };
  const Tally result =
      run(5000, 1, [](const RuleSet& r, const Known& k, Stage s, Layer l) { return decide(r, Unasked(k), s, l); });
  EXPECT_THAT(result.trouble, testing::HasSubstr("lazy says"));
}

TEST(RandomModel, FindsOutWhoHardensWhatIsSoftened) {
  const Tally result = run(5000, 1, [](const RuleSet& r, const Known& k, Stage s, Layer l) {
    Verdict v = decide(r, k, s, l);
    if (v.decision.softened) v.decision.action = FinalAction::reject;
    return v;
  });
  EXPECT_NE(result.trouble, "");
}

}  // namespace
}  // namespace postern::rules::model
