#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "policy/rules/decide.h"
#include "policy/rules/rule_set.h"

namespace postern::rules::model {

/// A second, naive reading of LANGUAGE 5, written for the random-model test: it knows whole stories only, and takes
/// them one by one. It shares no code with decide().

constexpr std::size_t kChecks = 4;
constexpr std::size_t kFacts = 4;

/// True, false, or unknown because of an answer that failed under skip or under defer.
enum class Kleene { yes, no, skipped, deferred };

/// What a check answers in one world.
enum class Answer { x, y, down };

/// One whole story: every answer and every fact.
struct World {
  std::array<Answer, kChecks> checks{};
  std::array<bool, kFacts> facts{};
};

struct Condition {
  enum class Kind { always, all, any, negation, check, down, fact, tag, score };
  Kind kind = Kind::always;
  std::vector<Condition> parts;
  std::size_t index = 0;  ///< of the check, fact or tag
  bool want_x = false, want_y = false, negated = false;
  int score_op = 0;  ///< 0: >=, 1: <, 2: ==
  int score = 0;

  std::string text() const;
};

struct ModelRule {
  std::string name;
  std::optional<std::size_t> group;
  Condition when;
  std::optional<FinalAction> final;
  std::vector<std::size_t> skips;  ///< rules below
  std::optional<std::size_t> tag;
  std::optional<int> score;
  bool header = false;
  bool monitored = false;
  std::optional<Unavailable> unavailable;
};

/// A random policy over kChecks checks and kFacts facts.
struct Policy {
  std::array<Stage, kChecks> stages{};
  std::array<Unavailable, kChecks> unavailable{};
  std::vector<Condition> groups;
  std::vector<ModelRule> rules;

  static Policy random(std::mt19937& dice);
  std::string text() const;  ///< for messages
  std::shared_ptr<const RuleSet> compile() const;
};

enum class Class { accept, quarantine, discard, tempfail, permfail };

struct Ending {
  Class result = Class::accept;
  bool softened = false;
};

/// How a world ends under a policy.
Ending end_of(const Policy& policy, const World& world, Layer layer);

Stage stage_of_fact(std::size_t fact);
const char* fact_name(std::size_t fact);
Class class_of_action(FinalAction action);

}  // namespace postern::rules::model
