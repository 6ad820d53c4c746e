#include <fmt/format.h>

#include <algorithm>

#include "policy/base/text.h"
#include "policy/rules/compile_actions.h"
#include "policy/rules/compile_expression.h"
#include "policy/rules/describe.h"
#include "policy/rules/rule_reader.h"
#include "policy/rules/rule_set.h"
#include "policy/rules/same_comparisons.h"

namespace postern::rules {

namespace {

class Compiler {
 public:
  Compiler(const Source& source, Problems& problems)
      : source_(source),
        problems_(problems),
        reader_(source, problems),
        declared_(source.checks.begin(), source.checks.end()),
        names_(*program_, declared_),
        expressions_(*program_, names_, source.lists, problems) {}

  std::shared_ptr<const RuleSet> compile() {
    program_->all_monitored = source_.all_monitored;
    declare_limits();
    reader_.read();
    compile_definitions();
    for (const DraftGroup& draft : reader_.groups) {
      program_->groups.push_back({draft.name, draft.parent, std::nullopt});
      group_remarks_.emplace_back();
    }
    for (std::size_t i = 0; i < reader_.rules.size(); ++i) compile_rule(i);
    compile_groups_from(reader_.rules.size());
    for (std::size_t i = 0; i < reader_.rules.size(); ++i) resolve_skips(i);
    compile_limits();
    for (const std::size_t limit : describe_rules(*program_, text_reads_))
      problems_.error(
          source_.limits[limit].where,
          fmt::format("limit \"{}\" can not rest on a limit, by its condition or by tags", source_.limits[limit].name));
    for (std::size_t i = 0; i < reader_.rules.size(); ++i) {
      program_->infos[i].where = reader_.rules[i].where;
      program_->infos[i].other_actions = other_actions(i);
    }
    for (const std::string& check : source_.also) names_.resolve(check);
    tell_unread_limits();
    number_comparisons(*program_);
    return std::make_shared<const RuleSet>(std::move(program_));
  }

 private:
  // Before the rules, which read them; when they are due is known once their conditions are.
  void declare_limits() {
    for (const LimitSource& limit : source_.limits)
      declared_.push_back({.name = "limit." + limit.name,
                           .stage = limit.stage,
                           .scope = limit.each_recipient ? Scope::recipient : Scope::message,
                           .outcomes = limit.outcomes,
                           .unavailable = limit.unavailable});
    names_.set_checks(declared_);
    for (const LimitSource& limit : source_.limits) {
      program_->limits.emplace_back();
      program_->limit_infos.push_back({.name = limit.name, .check = names_.resolve("limit." + limit.name).index});
    }
  }

  void compile_limits() {
    static const Definitions kNone;
    const Definitions& definitions = reader_.definitions().empty() ? kNone : reader_.definitions().front();
    for (std::size_t i = 0; i < source_.limits.size(); ++i) {
      const LimitSource& limit = source_.limits[i];
      LimitInfo& info = program_->limit_infos[i];
      for (const LimitSource::Named& named : limit.per) {
        if (const auto index = key_fact(named, program_->limits[i])) info.per.push_back(*index);
      }
      for (const LimitSource::Named& named : limit.allow) {
        if (const auto index = fact(named)) info.allow.push_back(*index);
      }
      if (limit.when == nullptr) continue;
      Remarks remarks;
      const Standing standing{reader_.rules.size(), program_->all_monitored, true};
      program_->limits[i].when = expressions_.compile(*limit.when, definitions, standing, remarks);
      info.has_condition = true;
      if (!remarks.failures.empty())
        problems_.error(remarks.failures.front().where,
                        fmt::format("\"{}\" says that the check failed, and nothing can be counted by that",
                                    remarks.failures.front().text));
    }
  }

  std::optional<std::size_t> key_fact(const LimitSource::Named& named, Limit& limit) {
    if (named.fact != "tag") return fact(named);
    for (std::size_t rule = 0; rule < program_->rules.size(); ++rule) {
      const Rule& r = program_->rules[rule];
      if (!r.tags.empty() && (!r.monitored || program_->all_monitored)) limit.tag_rules.push_back(rule);
    }
    if (limit.tag_rules.empty()) problems_.error(named.where, "no rule in force sets a tag");
    return kTagKey;
  }

  std::optional<std::size_t> fact(const LimitSource::Named& named) {
    const Meaning meaning = names_.resolve(named.fact);
    if (meaning.kind == Meaning::Kind::fact) return meaning.index;
    if (meaning.kind == Meaning::Kind::unknown || meaning.kind == Meaning::Kind::later)
      names_.complain(meaning, named.fact, named.where, problems_);
    else
      problems_.error(named.where, fmt::format("\"{}\" is no fact that could be counted for", printable(named.fact)));
    return std::nullopt;
  }

  void tell_unread_limits() {
    for (std::size_t i = 0; i < source_.limits.size(); ++i) {
      if (program_->check_reads[program_->limit_infos[i].check].by_rules) continue;
      const std::string& name = source_.limits[i].name;
      problems_.warning(source_.limits[i].where, fmt::format("no rule reads limit \"{}\": it only counts", name),
                        fmt::format("when: limit.{} is over", name));
    }
  }

  // Each once, so that one that nobody uses is checked too.
  void compile_definitions() {
    Standing standing;
    standing.sees_rules = false;
    for (const Definitions& section : reader_.definitions()) {
      for (const auto& [name, definition] : section) {
        Remarks remarks;
        if (definition.syntax) expressions_.compile(*definition.node, *definition.syntax, section, standing, remarks);
      }
    }
  }

  void compile_groups_from(std::size_t rule) {
    for (std::size_t g = next_group_; g < reader_.groups.size() && reader_.groups[g].first <= rule;
         ++g, next_group_ = g) {
      const DraftGroup& draft = reader_.groups[g];
      if (draft.when == nullptr || draft.definitions == nullptr) continue;
      program_->groups[g].when =
          expressions_.compile(*draft.when, *draft.definitions, {rule, draft.monitored, true}, group_remarks_[g]);
    }
  }

  void compile_rule(std::size_t index) {
    compile_groups_from(index);
    const DraftRule& draft = reader_.rules[index];
    Rule rule;
    rule.name = draft.name;
    rule.group = draft.group;
    rule.monitored = draft.monitored;
    rule.unavailable = draft.unavailable;
    rule.split = draft.split;
    actions_.push_back(compile_actions(draft, rule, names_, problems_));
    text_reads_.push_back({actions_.back().facts, actions_.back().checks});
    Remarks remarks;
    if (const Node* when = draft.keys.find("when")) {
      rule.when = expressions_.compile(*when, *draft.definitions, {index, draft.monitored, true}, remarks);
    } else {
      problems_.error(draft.where, fmt::format("rule \"{}\" has no when", draft.name), "when: always");
    }
    program_->rules.push_back(std::move(rule));
    check_remarks(index, std::move(remarks));
  }

  void check_remarks(std::size_t index, Remarks remarks) {
    const Rule& rule = program_->rules[index];
    const DraftRule& draft = reader_.rules[index];
    for (auto g = rule.group; g; g = program_->groups[*g].parent) {
      const Remarks& group = group_remarks_[*g];
      remarks.failures.insert(remarks.failures.end(), group.failures.begin(), group.failures.end());
      remarks.forgeable |= group.forgeable;
      remarks.grounded |= group.grounded;
      remarks.names_recipient |= group.names_recipient;
    }
    // LANGUAGE 5: naming a failure is allowed in defer, log, notify, add_header rules.
    const std::vector<std::string>& names = actions_[index].names;
    const auto other = std::find_if(names.begin(), names.end(), [](const std::string& n) {
      return n != "defer" && n != "log" && n != "notify" && n != "add_header";
    });
    for (const auto& failure : remarks.failures) {
      if (other != names.end()) {
        problems_.error(failure.where,
                        fmt::format("\"{}\" says that the check failed, and rule \"{}\" would {} for it", failure.text,
                                    rule.name, *other),
                        "only defer, log, notify and add_header may rest on a failure");
      }
    }
    // LANGUAGE 8: what a stranger writes himself is no reason to trust him.
    if (rule.final == FinalAction::accept && remarks.forgeable && !remarks.grounded) {
      problems_.warning(
          draft.where,
          fmt::format("rule \"{}\" accepts on the sender's own word alone (sender, helo and header can be forged)",
                      rule.name),
          "ask for client.ip, authenticated or a check too, or use skip");
    }
    // LANGUAGE 2: edits change everybody's copy.
    if (!rule.headers.empty() && remarks.names_recipient) {
      problems_.warning(
          draft.where,
          fmt::format("rule \"{}\" names a recipient, but its header goes into everybody's copy", rule.name));
    }
  }

  void resolve_skips(std::size_t index) {
    for (const SkipTarget& target : actions_[index].skip) {
      const std::string& prefix = reader_.rules[index].prefix;
      if (!skip_named(index, target.name, target.where) &&
          (prefix.empty() || !skip_named(index, prefix + target.name, target.where))) {
        if (reader_.is_later(target.name))
          problems_.later(target.where, fmt::format("rule {}", target.name));
        else if (reader_.is_later(prefix + target.name))
          problems_.later(target.where, fmt::format("rule {}{}", prefix, target.name));
        else
          problems_.error(target.where, fmt::format("there is no rule or group \"{}\"", printable(target.name)),
                          did_you_mean(target.name, all_names()));
      }
    }
  }

  // False when nothing has that name.
  bool skip_named(std::size_t index, const std::string& name, const Place& where) {
    if (reader_.switched_off.contains(name)) return true;
    for (std::size_t i = 0; i < program_->rules.size(); ++i) {
      if (program_->rules[i].name != name) continue;
      if (i <= index)
        problems_.error(where, fmt::format("rule \"{}\" stands above", name), "skip reaches rules below");
      else
        add_skip(index, i);
      return true;
    }
    for (const DraftGroup& group : reader_.groups) {
      if (group.name != name) continue;
      if (group.last <= index + 1 && group.first < group.last)
        problems_.error(where, fmt::format("group \"{}\" stands above", name), "skip reaches rules below");
      for (std::size_t i = std::max(group.first, index + 1); i < group.last; ++i) add_skip(index, i);
      return true;
    }
    return false;
  }

  void add_skip(std::size_t skipper, std::size_t target) {
    std::vector<std::size_t>& skipped_by = program_->rules[target].skipped_by;
    if (std::find(skipped_by.begin(), skipped_by.end(), skipper) == skipped_by.end()) skipped_by.push_back(skipper);
  }

  std::vector<std::string> all_names() const {
    std::vector<std::string> names(source_.later_rules.begin(), source_.later_rules.end());
    for (const Rule& rule : program_->rules) names.push_back(rule.name);
    for (const DraftGroup& group : reader_.groups) names.push_back(group.name);
    return names;
  }

  std::vector<std::string> other_actions(std::size_t index) const {
    std::vector<std::string> names = actions_[index].names;
    std::erase_if(names, [](const std::string& n) { return find_action(n)->final; });
    return names;
  }

  const Source& source_;
  Problems& problems_;
  RuleReader reader_;
  std::unique_ptr<Program> program_ = std::make_unique<Program>();
  std::vector<CheckDecl> declared_;
  Names names_;
  ExpressionCompiler expressions_;
  std::vector<RuleActions> actions_;
  std::vector<TextReads> text_reads_;
  std::vector<Remarks> group_remarks_;
  std::size_t next_group_ = 0;
};

}  // namespace

std::shared_ptr<const RuleSet> compile(const Source& source, Problems& problems) {
  return Compiler(source, problems).compile();
}

}  // namespace postern::rules
