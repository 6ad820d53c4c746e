#include "tests/rules/model.h"

#include <fmt/format.h>

#include <gtest/gtest.h>

#include <algorithm>

namespace postern::rules::model {

namespace {

constexpr std::array<Outcome, 3> kOutcomes{
    {{"x", {550, {7, 9}, "x it is"}, ""}, {"y", {}, ""}, {"down", {451, {4, 3}, "down"}, "", Failure::yes}}};
constexpr std::array<const char*, kFacts> kFactTests{"client.name == \"1\"", "helo == \"1\"", "header.X == \"1\"",
                                                     "size > 1 KB"};
constexpr std::array<const char*, kFacts> kFactNames{"client.name", "helo", "header", "size"};
constexpr std::array<Stage, kFacts> kFactStages{Stage::connect, Stage::sender, Stage::headers, Stage::end};
constexpr std::array<const char*, 3> kScoreOps{">=", "<", "=="};

int roll(std::mt19937& dice, int n) { return static_cast<int>(dice() % static_cast<unsigned>(n)); }

// What a condition may read, given the rules above.
struct Reading {
  bool tags[2] = {false, false};
  bool score = false;
  bool down = false;
};

Condition random_condition(std::mt19937& dice, const Reading& reading, int depth, bool negated) {
  Condition c;
  const int kind = roll(dice, depth > 0 ? 12 : 7);
  if (kind >= 7 && kind <= 10) {
    c.kind = kind % 2 ? Condition::Kind::all : Condition::Kind::any;
    const int parts = 2 + roll(dice, 2);
    for (int i = 0; i < parts; ++i) c.parts.push_back(random_condition(dice, reading, depth - 1, negated));
  } else if (kind == 11) {
    c.kind = Condition::Kind::negation;
    c.parts.push_back(random_condition(dice, reading, depth - 1, true));
  } else if (kind == 0 && reading.score) {
    c.kind = Condition::Kind::score;
    c.score_op = roll(dice, 3);
    c.score = roll(dice, 7) - 2;
  } else if (kind == 1 && (reading.tags[0] || reading.tags[1])) {
    c.kind = Condition::Kind::tag;
    c.index = reading.tags[0] && (!reading.tags[1] || roll(dice, 2)) ? 0 : 1;
  } else if (kind == 2 && reading.down && !negated) {
    c.kind = Condition::Kind::down;
    c.index = static_cast<std::size_t>(roll(dice, kChecks));
  } else if (kind <= 4) {
    c.kind = Condition::Kind::check;
    c.index = static_cast<std::size_t>(roll(dice, kChecks));
    c.want_x = roll(dice, 3) != 0;
    c.want_y = !c.want_x || roll(dice, 5) == 0;
    c.negated = roll(dice, 4) == 0;
  } else {
    c.kind = Condition::Kind::fact;
    c.index = static_cast<std::size_t>(roll(dice, kFacts));
  }
  return c;
}

Kleene conjunction(Kleene a, Kleene b) {
  if (a == Kleene::no || b == Kleene::no) return Kleene::no;
  if (a == Kleene::deferred || b == Kleene::deferred) return Kleene::deferred;
  if (a == Kleene::skipped || b == Kleene::skipped) return Kleene::skipped;
  return Kleene::yes;
}

Kleene inverse(Kleene a) { return a == Kleene::yes ? Kleene::no : a == Kleene::no ? Kleene::yes : a; }
Kleene disjunction(Kleene a, Kleene b) { return inverse(conjunction(inverse(a), inverse(b))); }
Kleene of_bool(bool b) { return b ? Kleene::yes : Kleene::no; }
bool unknown(Kleene k) { return k == Kleene::skipped || k == Kleene::deferred; }

class Reader {
 public:
  Reader(const Policy& policy, const World& world, Layer layer)
      : policy_(policy), world_(world), layer_(layer), truths_(policy.rules.size()) {}

  bool counts(std::size_t i) const { return layer_ == Layer::shadow || !policy_.rules[i].monitored; }

  // In order: what a rule rests on stands above it.
  Kleene truth(std::size_t i) {
    if (truths_[i]) return *truths_[i];
    const ModelRule& rule = policy_.rules[i];
    Kleene result = value(rule.when, i);
    if (rule.group) result = conjunction(result, value(policy_.groups[*rule.group], i));
    for (std::size_t above = 0; above < i; ++above) {
      const std::vector<std::size_t>& skips = policy_.rules[above].skips;
      if (counts(above) && std::find(skips.begin(), skips.end(), i) != skips.end())
        result = conjunction(result, inverse(truth(above)));
    }
    if (!counts(i)) result = Kleene::no;
    if (rule.unavailable && unknown(result))
      result = *rule.unavailable == Unavailable::defer ? Kleene::deferred : Kleene::skipped;
    truths_[i] = result;
    return result;
  }

 private:
  Kleene value(const Condition& c, std::size_t reader) {
    switch (c.kind) {
      case Condition::Kind::always: return Kleene::yes;
      case Condition::Kind::negation: return inverse(value(c.parts.front(), reader));
      case Condition::Kind::all:
      case Condition::Kind::any: {
        Kleene result = of_bool(c.kind == Condition::Kind::all);
        for (const Condition& part : c.parts)
          result = c.kind == Condition::Kind::all ? conjunction(result, value(part, reader))
                                                  : disjunction(result, value(part, reader));
        return result;
      }
      case Condition::Kind::check: {
        const Answer a = world_.checks[c.index];
        if (a == Answer::down)
          return policy_.unavailable[c.index] == Unavailable::defer ? Kleene::deferred : Kleene::skipped;
        return of_bool((a == Answer::x ? c.want_x : c.want_y) != c.negated);
      }
      case Condition::Kind::down: return of_bool(world_.checks[c.index] == Answer::down);
      case Condition::Kind::fact: return of_bool(world_.facts[c.index]);
      case Condition::Kind::tag: {
        Kleene result = Kleene::no;
        for (std::size_t i = 0; i < reader; ++i) {
          if (policy_.rules[i].tag == c.index && visible(i, reader)) result = disjunction(result, truth(i));
        }
        return result;
      }
      case Condition::Kind::score: return score(c, reader);
    }
    return Kleene::no;
  }

  bool visible(std::size_t i, std::size_t reader) const {
    return policy_.rules[reader].monitored || !policy_.rules[i].monitored;
  }

  Kleene score(const Condition& c, std::size_t reader) {
    int low = 0, high = 0;
    bool deferred = false;
    for (std::size_t i = 0; i < reader; ++i) {
      if (!policy_.rules[i].score || !visible(i, reader)) continue;
      const int points = *policy_.rules[i].score;
      const Kleene t = truth(i);
      if (t == Kleene::yes) low += points, high += points;
      if (unknown(t)) (points < 0 ? low : high) += points;
      deferred = deferred || t == Kleene::deferred;
    }
    const auto fits = [&](int n) {
      return c.score_op == 0 ? n >= c.score : c.score_op == 1 ? n < c.score : n == c.score;
    };
    bool some = false, all = true;
    for (int n = low; n <= high; ++n) {
      some = some || fits(n);
      all = all && fits(n);
    }
    if (all) return Kleene::yes;
    if (!some) return Kleene::no;
    return deferred ? Kleene::deferred : Kleene::skipped;
  }

  const Policy& policy_;
  const World& world_;
  const Layer layer_;
  std::vector<std::optional<Kleene>> truths_;
};

bool refuses(Class c) { return c == Class::tempfail || c == Class::permfail; }

Node scalar(std::string text, bool quoted = false) {
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = std::move(text);
  node.quoted = quoted;
  node.where = {"model", 1, 1};
  return node;
}

Node sequence() {
  Node node;
  node.kind = Node::Kind::list;
  return node;
}

Node mapping() {
  Node node;
  node.kind = Node::Kind::map;
  return node;
}

Node rule_node(const ModelRule& rule, const Policy& policy) {
  Node node = mapping();
  const auto put = [&](const char* key, Node value) { node.entries.emplace_back(scalar(key), std::move(value)); };
  put("name", scalar(rule.name));
  put("when", scalar(rule.when.text()));
  if (rule.final) put(std::string(name(*rule.final)).c_str(), scalar("true"));
  if (!rule.skips.empty()) {
    Node names = sequence();
    for (const std::size_t i : rule.skips) names.items.push_back(scalar(policy.rules[i].name));
    put("skip", std::move(names));
  }
  if (rule.tag) put("tag", scalar(fmt::format("t{}", *rule.tag)));
  if (rule.score) put("score", scalar(std::to_string(*rule.score)));
  if (rule.header) {
    Node header = mapping();
    header.entries.emplace_back(scalar("X-Model"), scalar("1", true));
    put("add_header", std::move(header));
  }
  if (rule.monitored) put("monitor", scalar("true"));
  if (rule.unavailable) put("unavailable", scalar(*rule.unavailable == Unavailable::defer ? "defer" : "skip"));
  return node;
}

}  // namespace

Stage stage_of_fact(std::size_t fact) { return kFactStages[fact]; }
const char* fact_name(std::size_t fact) { return kFactNames[fact]; }

Class class_of_action(FinalAction action) {
  if (action == FinalAction::accept) return Class::accept;
  if (action == FinalAction::quarantine) return Class::quarantine;
  if (action == FinalAction::discard) return Class::discard;
  return action == FinalAction::defer ? Class::tempfail : Class::permfail;
}

std::string Condition::text() const {
  switch (kind) {
    case Kind::always: return "always";
    case Kind::negation: return "not (" + parts.front().text() + ")";
    case Kind::all:
    case Kind::any: {
      std::string out;
      for (const Condition& part : parts) {
        if (!out.empty()) out += kind == Kind::all ? " and " : " or ";
        out += "(" + part.text() + ")";
      }
      return out;
    }
    case Kind::check:
      return fmt::format("c{} is {}[{}]", index, negated ? "not " : "", want_x && want_y ? "x, y" : want_x ? "x" : "y");
    case Kind::down: return fmt::format("c{} is down", index);
    case Kind::fact: return kFactTests[index];
    case Kind::tag: return fmt::format("tag == \"t{}\"", index);
    case Kind::score: return fmt::format("score {} {}", kScoreOps[static_cast<std::size_t>(score_op)], score);
  }
  return {};
}

Policy Policy::random(std::mt19937& dice) {
  constexpr std::array<Stage, 6> kStages{Stage::connect,   Stage::sender,  Stage::sender,
                                         Stage::recipient, Stage::headers, Stage::end};
  constexpr std::array<FinalAction, 8> kActions{FinalAction::reject,     FinalAction::reject, FinalAction::reject,
                                                FinalAction::defer,      FinalAction::defer,  FinalAction::accept,
                                                FinalAction::quarantine, FinalAction::discard};
  Policy p;
  for (std::size_t i = 0; i < kChecks; ++i) {
    p.stages[i] = kStages[static_cast<std::size_t>(roll(dice, 6))];
    p.unavailable[i] = roll(dice, 2) ? Unavailable::defer : Unavailable::skip;
  }
  Reading enforced, all;
  const int groups = roll(dice, 3) == 0 ? 1 : 0;
  for (int i = 0; i < groups; ++i) p.groups.push_back(random_condition(dice, {}, 1, false));
  const int count = 1 + roll(dice, 5);
  const int grouped = groups ? roll(dice, count) : count;  // the group stands last
  for (int i = 0; i < count; ++i) {
    ModelRule r;
    r.name = fmt::format("r{}", i);
    if (groups && i >= grouped) r.group = 0;
    r.monitored = roll(dice, 6) == 0;
    if (roll(dice, 4) != 0) {
      r.final = kActions[static_cast<std::size_t>(roll(dice, 8))];
    } else {
      const int kind = roll(dice, 4);
      if (kind == 0)
        r.tag = static_cast<std::size_t>(roll(dice, 2));
      else if (kind == 1)
        r.score = roll(dice, 6) - 1;
      else if (kind == 2 || i + 1 == count)
        r.header = true;
      else
        for (int below = i + 1; below < count; ++below)
          if (below == i + 1 || roll(dice, 2)) r.skips.push_back(static_cast<std::size_t>(below));
    }
    if (roll(dice, 5) == 0) r.unavailable = roll(dice, 2) ? Unavailable::defer : Unavailable::skip;
    Reading reading = r.monitored ? all : enforced;
    reading.down = r.final == FinalAction::defer;
    r.when = roll(dice, 8) == 0 ? Condition{} : random_condition(dice, reading, 2, false);
    for (Reading* seen : {&all, &enforced}) {
      if (seen == &enforced && r.monitored) continue;
      if (r.tag) seen->tags[*r.tag] = true;
      if (r.score) seen->score = true;
    }
    p.rules.push_back(std::move(r));
  }
  return p;
}

std::string Policy::text() const {
  std::string out;
  for (std::size_t i = 0; i < kChecks; ++i)
    out += fmt::format("c{}: {} {}\n", i, name(stages[i]), unavailable[i] == Unavailable::defer ? "defer" : "skip");
  for (const Condition& g : groups) out += "group when: " + g.text() + "\n";
  for (const ModelRule& r : rules) {
    out += fmt::format("{}{}: when {} ->", r.group ? "  " : "", r.name, r.when.text());
    if (r.final) out += fmt::format(" {}", name(*r.final));
    for (const std::size_t s : r.skips) out += fmt::format(" skip r{}", s);
    if (r.tag) out += fmt::format(" tag t{}", *r.tag);
    if (r.score) out += fmt::format(" score {}", *r.score);
    if (r.header) out += " add_header";
    if (r.monitored) out += " monitored";
    if (r.unavailable) out += *r.unavailable == Unavailable::defer ? " unavailable:defer" : " unavailable:skip";
    out += "\n";
  }
  return out;
}

std::shared_ptr<const RuleSet> Policy::compile() const {
  Node list = sequence();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].group) {
      list.items.push_back(rule_node(rules[i], *this));
      continue;
    }
    if (list.items.empty() || list.items.back().find("group") == nullptr) {
      Node group = mapping();
      group.entries.emplace_back(scalar("group"), scalar("g"));
      group.entries.emplace_back(scalar("when"), scalar(groups[*rules[i].group].text()));
      group.entries.emplace_back(scalar("rules"), sequence());
      list.items.push_back(std::move(group));
    }
    list.items.back().entries.back().second.items.push_back(rule_node(rules[i], *this));
  }
  std::vector<CheckDecl> decls;
  for (std::size_t i = 0; i < kChecks; ++i)
    decls.push_back({fmt::format("c{}", i), stages[i], Scope::message, kOutcomes, unavailable[i]});
  Problems problems;
  Source source;
  source.rules = &list;
  source.checks = decls;
  auto result = rules::compile(source, problems);
  if (problems.usable()) return result;
  for (const Problem& p : problems.sorted()) ADD_FAILURE() << p.line() << "\n" << text();
  return nullptr;
}

Ending end_of(const Policy& policy, const World& world, Layer layer) {
  Reader reader(policy, world, layer);
  struct Entry {
    Class c;
    Kleene truth;
  };
  std::vector<Entry> p;
  Class result = Class::accept;
  bool deferring = false, ended = false;
  std::size_t end = policy.rules.size();
  for (std::size_t i = 0; i < policy.rules.size() && !ended; ++i) {
    const ModelRule& rule = policy.rules[i];
    if (!rule.final || !reader.counts(i)) continue;
    const Kleene t = reader.truth(i);
    if (t == Kleene::no) continue;
    Class c = class_of_action(*rule.final);
    if (deferring && !refuses(c)) c = Class::tempfail;
    p.push_back({c, t});
    if (t == Kleene::yes)
      ended = true, result = c, end = i;
    else if (t == Kleene::deferred && rule.final != FinalAction::accept)
      deferring = true;
  }
  if (!ended) {
    result = deferring ? Class::tempfail : Class::accept;
    p.push_back({result, Kleene::yes});
  }
  const bool one = std::all_of(p.begin(), p.end(), [&](const Entry& e) { return e.c == p.front().c; });
  const bool all_refuse = std::all_of(p.begin(), p.end(), [](const Entry& e) { return refuses(e.c); });
  Ending ending;
  if (all_refuse) {
    const bool all_five = std::all_of(p.begin(), p.end(), [](const Entry& e) { return e.c == Class::permfail; });
    ending.result = all_five ? Class::permfail : Class::tempfail;
    return ending;
  }
  ending.result = result;
  if (!one) {
    for (const Entry& e : p) {
      if (e.truth == Kleene::deferred && e.c != result) return {Class::tempfail, false};
    }
    if (result == Class::permfail || result == Class::discard) return {Class::tempfail, true};
  }
  if (ending.result == Class::accept || ending.result == Class::quarantine) {
    for (std::size_t i = 0; i < end; ++i) {  // an edit that says `unavailable: defer` for itself
      const ModelRule& rule = policy.rules[i];
      if (!rule.final && rule.header && rule.unavailable == Unavailable::defer && reader.counts(i) &&
          reader.truth(i) == Kleene::deferred)
        return {Class::tempfail, false};
    }
  }
  return ending;
}

}  // namespace postern::rules::model
