#include "policy/rules/conclude.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/base/text.h"

namespace postern::rules {

namespace {

struct Story {
  const Program& program;
  Evaluation& evaluation;
  const Walk& walk;
  Wording wording;
};

void add_once(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

// The first failure under `defer` that leaves a rule unknown, or the first at all.
std::string lack_of(Evaluation& evaluation, std::size_t rule) {
  const std::vector<Lack> lacks = evaluation.lacks(rule);
  const auto first = std::find_if(lacks.begin(), lacks.end(), [](const Lack& l) { return l.defers; });
  if (first != lacks.end()) return first->name;
  return lacks.empty() ? std::string("of the policy") : lacks.front().name;
}

// 451 for what leaves `rule` unknown; or the check to ask first, so that the name does not depend on which answers
// happen to be there.
std::optional<std::size_t> defer_for(Story& story, std::size_t rule, Decision& decision) {
  std::optional<std::size_t> unasked;
  story.evaluation.lacks(rule, &unasked);
  if (unasked) return unasked;
  decision.action = FinalAction::defer;
  decision.reply = Wording::not_available(lack_of(story.evaluation, rule));
  decision.rule = std::nullopt;
  return std::nullopt;
}

// An account is not frozen for what an answer that failed, or is not there yet, could have spared it.
bool is_beyond_doubt(Story& story, std::size_t index, const Decision& decision) {
  if (decision.softened || story.evaluation.ends_for_now(index)) return false;
  for (std::size_t i = 0; i < index; ++i) {
    const Rule& rule = story.program.rules[i];
    if (!rule.final || is_refusal(*rule.final) || !story.evaluation.counts(i)) continue;
    if (story.evaluation.rule(i) != outlook_of(kFalse)) return false;
  }
  return true;
}

// What happened above `end`, as far as it is settled: rules that are true, and what could not be had. Asks for nothing.
void tell(Story& story, std::size_t end, bool let_through, Decision& decision) {
  for (std::size_t i = 0; i < end && i < story.program.rules.size(); ++i) {
    const Rule& rule = story.program.rules[i];
    if (!story.evaluation.counts(i)) continue;
    const Outlook outlook = story.evaluation.rule(i);
    if (outlook == outlook_of(kSkipped) || outlook == outlook_of(kDeferred)) {
      for (const Lack& lack : story.evaluation.lacks(i)) {
        if (rule.final)
          add_once(decision.degraded, lack.name);
        else if (rule.has_effects())
          add_once(decision.degraded, fmt::format("{}:{}", lack.name, rule.name));
      }
    }
    if (outlook != outlook_of(kTrue)) continue;
    decision.matched.push_back(rule.name);
    for (const std::string& tag : rule.tags) add_once(decision.tags, tag);
    if (rule.score) decision.score += *rule.score;
    if (rule.log) decision.effects.push_back({Effect::Kind::log, i, {}, story.wording.text(*rule.log, i)});
    for (const std::string& whom : rule.notify) decision.effects.push_back({Effect::Kind::notify, i, whom, {}});
    if (rule.freeze && is_beyond_doubt(story, i, decision))
      decision.effects.push_back({Effect::Kind::freeze, i, {}, std::to_string(rule.freeze->count())});
    if (!let_through) continue;
    for (const auto& [name, value] : rule.headers)
      decision.effects.push_back({Effect::Kind::add_header, i, name, story.wording.text(value, i)});
    for (const std::string& tag : rule.tags) decision.effects.push_back({Effect::Kind::tag, i, tag, {}});
  }
}

// What is told of the rules above the one that decides, and of that one.
std::size_t told_until(const Story& story) {
  return story.walk.ended_by ? *story.walk.ended_by + 1 : story.program.rules.size();
}

}  // namespace

std::optional<std::size_t> conclude_refusal(const Program& program, const Known& known, Stage stage,
                                            Evaluation& evaluation, const Walk& walk, Decision& decision) {
  Story story{program, evaluation, walk, Wording(program, known, stage, evaluation)};
  // LANGUAGE 5: 5xx if all are 5xx, else 4xx.
  ActionClass spoken = walk.holds(ActionClass::tempfail) ? ActionClass::tempfail : ActionClass::permfail;
  decision.action = spoken == ActionClass::permfail ? FinalAction::reject : FinalAction::defer;
  // The rule that ended the walk if it speaks like that itself, else the first one that does.
  const auto speaks = [&](const Walk::Step& s) { return s.action_class == spoken && !s.turned; };
  const Walk::Step* named = nullptr;
  if (walk.ended_by && speaks(walk.steps.back())) named = &walk.steps.back();
  for (const Walk::Step& step : walk.steps) {
    if (named == nullptr && speaks(step)) named = &step;
  }
  if (named != nullptr) {
    if (const auto check = story.wording.pending(named->rule)) return check;
    decision.rule = named->rule;
    decision.split = program.rules[named->rule].split;
    // Every possible rest of the story ends with this rule, and to come again would not help.
    if (walk.ended_by && walk.steps.size() == 1 && spoken == ActionClass::tempfail &&
        story.wording.is_for_good(named->rule)) {
      spoken = ActionClass::permfail;
      decision.action = FinalAction::reject;
    } else if (spoken == ActionClass::permfail && evaluation.ends_for_now(named->rule)) {
      spoken = ActionClass::tempfail;
      decision.action = FinalAction::defer;
      decision.softened = true;
    }
    decision.reply =
        story.wording.reply(named->rule, spoken == ActionClass::permfail ? ReplyClass::permfail : ReplyClass::tempfail);
  } else {
    if (const auto check = defer_for(story, *walk.deferring, decision))
      return check;  // nothing but what a failure turned into 4xx
  }
  tell(story, told_until(story), false, decision);
  return std::nullopt;
}

std::optional<std::size_t> conclude_end(const Program& program, const Known& known, Evaluation& evaluation,
                                        const Walk& walk, Decision& decision) {
  Story story{program, evaluation, walk, Wording(program, known, Stage::end, evaluation)};
  // What follows when unknown rules read as false.
  const Walk::Step* last = walk.ended_by ? &walk.steps.back() : nullptr;
  const ActionClass result = last != nullptr ? last->action_class : walk.end_class;
  const std::size_t end = told_until(story);
  const auto differs = [&](const Walk::Step& s) { return s.truths != kTrue && s.action_class != result; };
  const auto deferring = std::find_if(walk.steps.begin(), walk.steps.end(),
                                      [&](const Walk::Step& s) { return s.truths == kDeferred && differs(s); });
  const auto sparing = std::find_if(walk.steps.begin(), walk.steps.end(), differs);
  if (deferring != walk.steps.end()) {
    // A failed check set to defer whose answer matters.
    if (const auto check = defer_for(story, deferring->rule, decision)) return check;
    tell(story, end, false, decision);
    return std::nullopt;
  }
  const bool softens =
      sparing != walk.steps.end() && (result == ActionClass::permfail || result == ActionClass::discard);
  if (last != nullptr && !last->turned && !softens) {
    if (const auto check = story.wording.pending(last->rule)) return check;
  }
  decision.rule = walk.ended_by;
  if (last != nullptr) decision.split = program.rules[last->rule].split;
  if (softens) {
    if (const auto check = defer_for(story, sparing->rule, decision)) return check;
    decision.rule = walk.ended_by;
    decision.softened = true;
    tell(story, end, false, decision);
    return std::nullopt;
  }
  switch (result) {
    case ActionClass::accept: decision.action = FinalAction::accept; break;
    case ActionClass::quarantine: decision.action = FinalAction::quarantine; break;
    case ActionClass::discard: decision.action = FinalAction::discard; break;
    case ActionClass::permfail: decision.action = FinalAction::reject; break;
    case ActionClass::tempfail: decision.action = FinalAction::defer; break;
  }
  const bool for_now = last != nullptr && evaluation.ends_for_now(last->rule);
  if (for_now && (result == ActionClass::permfail || result == ActionClass::discard)) {
    decision.action = FinalAction::defer;
    decision.reply = story.wording.reply(last->rule, ReplyClass::tempfail);
    decision.softened = true;
    tell(story, end, false, decision);
    return std::nullopt;
  }
  if (is_refusal(result)) {
    if (last != nullptr && !last->turned)
      decision.reply = story.wording.reply(
          last->rule, result == ActionClass::permfail ? ReplyClass::permfail : ReplyClass::tempfail);
    else if (const auto check = defer_for(story, *walk.deferring, decision))
      return check;
    tell(story, end, false, decision);
    return std::nullopt;
  }
  const bool let_through = result != ActionClass::discard;
  if (let_through) {
    for (std::size_t i = 0; i < end; ++i) {
      const Rule& rule = program.rules[i];
      if (rule.final || !rule.has_effects() || !evaluation.counts(i)) continue;
      if (const auto check = evaluation.pending(i)) return check;
    }
    for (std::size_t i = 0; i < end; ++i) {
      const Rule& rule = program.rules[i];
      if (!evaluation.counts(i) || evaluation.rule(i) != outlook_of(kTrue)) continue;
      for (const auto& [name, value] : rule.headers) {
        if (const auto check = story.wording.pending(value, i)) return check;
      }
      if (!rule.log) continue;
      if (const auto check = story.wording.pending(*rule.log, i)) return check;
    }
    for (std::size_t i = 0; i < end; ++i) {
      const Rule& rule = program.rules[i];
      // LANGUAGE 5: a rule may say `unavailable: defer` for itself.
      if (rule.final || rule.headers.empty() || rule.unavailable != Unavailable::defer || !evaluation.counts(i))
        continue;
      if (evaluation.rule(i) != outlook_of(kDeferred)) continue;
      decision = Decision();
      if (const auto check = defer_for(story, i, decision)) return check;
      tell(story, end, false, decision);
      return std::nullopt;
    }
  }
  if (last != nullptr && result != ActionClass::accept) {
    const Rule& rule = program.rules[last->rule];
    const Outcome* outcome = evaluation.telling(last->rule).outcome;
    if (rule.words.text)
      decision.text = story.wording.text(*rule.words.text, last->rule);
    else
      decision.text = outcome != nullptr && !outcome->reply.text.empty() ? std::string(outcome->reply.text)
                                                                         : fmt::format("Rule {}", rule.name);
  }
  tell(story, end, let_through, decision);
  return std::nullopt;
}

bool rests_on_recipient(const Program& program, Evaluation& evaluation, Evaluation& blind, const Decision& decision) {
  bool differs = false;
  bool refuses_all = true;  // whatever the recipient is
  bool may_be_softer = false;
  for (std::size_t i = 0; i < program.rules.size(); ++i) {
    const Rule& rule = program.rules[i];
    if (!rule.final || !evaluation.counts(i)) continue;
    const Outlook unseen = blind.rule(i);
    differs = differs || (rule.scoped && unseen != evaluation.rule(i));
    const bool decides = decision.rule == i || evaluation.rule(i) == outlook_of(kTrue);
    if (unseen != outlook_of(kFalse)) {
      refuses_all = refuses_all && is_refusal(*rule.final);
      may_be_softer = may_be_softer || (!decides && class_of(*rule.final) == ActionClass::tempfail);
    }
    if (!decides) continue;
    refuses_all = refuses_all && unseen == outlook_of(kTrue);
    break;
  }
  if (!differs) return false;
  // LANGUAGE 6: what refuses every recipient refuses the message, with a 5xx only where none would be deferred.
  const bool softest = decision.action == FinalAction::defer || !may_be_softer;
  return !(decision.rule && refuses_all && softest);
}

}  // namespace postern::rules
