#include "policy/rules/describe.h"

#include <algorithm>

namespace postern::rules {

namespace {

// All that a rule rests on: its own condition, its groups', what skips it, and what sets the tags and scores it reads.
struct Ground {
  Stage stage = Stage::connect;
  bool scoped = false;

  void add(const Ground& other) {
    stage = std::max(stage, other.stage);
    scoped = scoped || other.scoped;
  }
};

class Describer {
 public:
  explicit Describer(Program& program) : program_(program) {}

  void run(const std::vector<TextReads>& texts) {
    for (std::size_t i = 0; i < program_.rules.size(); ++i) {
      Rule& rule = program_.rules[i];
      counts_ = !rule.monitored;
      Ground ground = ground_of(rule.when);
      for (auto g = rule.group; g; g = program_.groups[*g].parent) {
        if (program_.groups[*g].when) ground.add(ground_of(*program_.groups[*g].when));
      }
      for (const std::size_t skipper : rule.skipped_by) ground.add(grounds_[skipper]);
      for (const std::size_t f : texts[i].facts) read_fact(f);
      for (const std::size_t c : texts[i].checks) read(program_.check_reads[c]);
      rule.scoped = ground.scoped;
      grounds_.push_back(ground);
      program_.infos.push_back({rule.name, {}, rule.final, rule.monitored, rule.scoped, ground.stage, {}, rule.split});
    }
  }

 private:
  void read(Reads& reads) const { reads.enforced = reads.enforced || counts_; }

  void read_fact(std::size_t fact) const {
    read(program_.fact_reads[fact]);
    if (const auto check = program_.fact_checks[fact]) read(program_.check_reads[*check]);
  }

  Ground ground_of(const Expression& e) {
    Ground ground;
    switch (e.kind) {
      case Expression::Kind::check:
        read(program_.check_reads[e.check]);
        ground = {program_.checks[e.check].stage, program_.checks[e.check].scope == Scope::recipient};
        break;
      case Expression::Kind::fact:
      case Expression::Kind::present:
      case Expression::Kind::holds:
      case Expression::Kind::quantified: {
        read_fact(e.fact);
        const FactDoc& doc = *program_.fact_docs[e.fact];
        // The list of recipients is whole when the message begins.
        const bool grows = doc.stage == Stage::recipient && doc.scope == Scope::message;
        ground = {grows ? Stage::headers : doc.stage, doc.scope == Scope::recipient};
        break;
      }
      case Expression::Kind::tagged:
      case Expression::Kind::scored:
        for (const std::size_t r : e.rules) ground.add(grounds_[r]);
        break;
      case Expression::Kind::constant:
      case Expression::Kind::all:
      case Expression::Kind::any:
      case Expression::Kind::negation: break;
    }
    for (const Expression& part : e.parts) ground.add(ground_of(part));
    return ground;
  }

  Program& program_;
  std::vector<Ground> grounds_;
  bool counts_ = false;
};

}  // namespace

void describe_rules(Program& program, const std::vector<TextReads>& texts) { Describer(program).run(texts); }

}  // namespace postern::rules
