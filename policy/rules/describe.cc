#include "policy/rules/describe.h"

#include <algorithm>
#include <utility>

namespace postern::rules {

namespace {

// All that a rule rests on: its own condition, its groups', what skips it, and what sets the tags and scores it reads.
struct Ground {
  Stage stage = Stage::connect;
  bool scoped = false;
  bool apart = false;  ///< it tells one recipient from another

  void add(const Ground& other) {
    stage = std::max(stage, other.stage);
    scoped = scoped || other.scoped;
    apart = apart || other.apart;
  }
};

class Describer {
 public:
  Describer(Program& program, const std::vector<TextReads>& texts) : program_(program), texts_(texts) {}

  /// The limits that rest on a limit.
  std::vector<std::size_t> run() {
    for (std::size_t i = 0; i < program_.limits.size(); ++i) of_limit(i);
    for (std::size_t i = 0; i < program_.rules.size(); ++i) {
      Rule& rule = program_.rules[i];
      const Ground ground = of_rule(i);
      rule.scoped = ground.scoped;
      program_.infos.push_back({rule.name, {}, rule.final, rule.monitored, rule.scoped, ground.stage, {}, rule.split});
    }
    return std::move(circular_);
  }

 private:
  /// Who reads.
  struct Reader {
    bool counts = false;
    bool is_rule = false;
  };

  Ground of_rule(std::size_t index) {
    if (grounds_[index]) return *grounds_[index];
    const Rule& rule = program_.rules[index];
    const Reader outer = std::exchange(reader_, {!rule.monitored, true});
    Ground ground = ground_of(rule.when);
    for (auto g = rule.group; g; g = program_.groups[*g].parent) {
      if (program_.groups[*g].when) ground.add(ground_of(*program_.groups[*g].when));
    }
    for (const std::size_t skipper : rule.skipped_by) ground.add(of_rule(skipper));
    for (const std::size_t f : texts_[index].facts) read_fact(f);
    for (const std::size_t c : texts_[index].checks) read(program_.check_reads[c]);
    reader_ = outer;
    grounds_[index] = ground;
    return ground;
  }

  // When a limit is due, and whether for each recipient, stands in its check from now on.
  void of_limit(std::size_t index) {
    if (limits_[index] == Progress::done) return;
    if (open_) {  // what is counted must not depend on what is counted
      circular_.push_back(*open_);
      return;
    }
    open_ = index;
    const Reader outer = std::exchange(reader_, {true, false});
    const Limit& limit = program_.limits[index];
    const LimitInfo& info = program_.limit_infos[index];
    const bool each_recipient = program_.checks[info.check].scope == Scope::recipient;
    Ground ground{program_.checks[info.check].stage, false, false};
    for (const auto* facts : {&info.per, &info.allow}) {
      for (const std::size_t fact : *facts) {
        if (fact != kTagKey) ground.add(of_fact(fact));
      }
    }
    if (limit.when) ground.add(ground_of(*limit.when));
    for (const std::size_t rule : limit.tag_rules) ground.add(of_rule(rule));
    reader_ = outer;
    CheckDecl& check = program_.checks[info.check];
    check.stage = ground.stage;
    check.of_message = !ground.apart;
    check.scope =
        ground.scoped || (each_recipient && ground.stage <= Stage::recipient) ? Scope::recipient : Scope::message;
    program_.check_reads[info.check].stage = check.stage;
    limits_[index] = Progress::done;
    open_.reset();
  }

  void read(Reads& reads) const {
    reads.enforced = reads.enforced || reader_.counts;
    reads.by_rules = reads.by_rules || reader_.is_rule;
  }

  void read_fact(std::size_t fact) const {
    read(program_.fact_reads[fact]);
    if (const auto check = program_.fact_checks[fact]) read(program_.check_reads[*check]);
  }

  Ground of_fact(std::size_t fact) const {
    read_fact(fact);
    const FactDoc& doc = *program_.fact_docs[fact];
    // The list of recipients is whole when the message begins.
    const bool grows = doc.stage == Stage::recipient && doc.scope == Scope::message;
    const bool scoped = doc.scope == Scope::recipient;
    return {grows ? Stage::headers : doc.stage, scoped, scoped};
  }

  Ground of_check(std::size_t check) {
    for (std::size_t i = 0; i < program_.limits.size(); ++i) {
      if (program_.limit_infos[i].check == check) of_limit(i);
    }
    read(program_.check_reads[check]);
    const CheckDecl& decl = program_.checks[check];
    return {decl.stage, decl.scope == Scope::recipient, decl.tells_recipients_apart()};
  }

  Ground ground_of(const Expression& e) {
    Ground ground;
    switch (e.kind) {
      case Expression::Kind::check: ground = of_check(e.check); break;
      case Expression::Kind::fact:
      case Expression::Kind::present:
      case Expression::Kind::holds:
      case Expression::Kind::quantified: ground = of_fact(e.fact); break;
      case Expression::Kind::tagged:
      case Expression::Kind::scored:
        for (const std::size_t r : e.rules) ground.add(of_rule(r));
        break;
      case Expression::Kind::constant:
      case Expression::Kind::all:
      case Expression::Kind::any:
      case Expression::Kind::negation: break;
    }
    for (const Expression& part : e.parts) ground.add(ground_of(part));
    return ground;
  }

  enum class Progress { untouched, done };

  Program& program_;
  const std::vector<TextReads>& texts_;
  std::vector<std::optional<Ground>> grounds_ = std::vector<std::optional<Ground>>(program_.rules.size());
  std::vector<Progress> limits_ = std::vector<Progress>(program_.limits.size(), Progress::untouched);
  std::optional<std::size_t> open_;
  std::vector<std::size_t> circular_;
  Reader reader_;
};

}  // namespace

std::vector<std::size_t> describe_rules(Program& program, const std::vector<TextReads>& texts) {
  return Describer(program, texts).run();
}

}  // namespace postern::rules
