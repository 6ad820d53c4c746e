#include "policy/rules/rule_set.h"

#include "policy/rules/program.h"

namespace postern::rules {

std::string_view name(FinalAction action) {
  switch (action) {
    case FinalAction::accept: return "accept";
    case FinalAction::quarantine: return "quarantine";
    case FinalAction::discard: return "discard";
    case FinalAction::defer: return "defer";
    case FinalAction::reject: return "reject";
    case FinalAction::bounce: return "bounce";
  }
  return "";
}

std::string_view name(Split split) {
  switch (split) {
    case Split::retry: return "retry";
    case Split::notice: return "notice";
    case Split::whole: return "whole";
  }
  return "";
}

RuleSet::RuleSet(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
RuleSet::~RuleSet() = default;

std::span<const FactName> RuleSet::facts() const { return program_->facts; }
std::span<const Reads> RuleSet::fact_reads() const { return program_->fact_reads; }
std::span<const CheckDecl> RuleSet::checks() const { return program_->checks; }
std::span<const Reads> RuleSet::check_reads() const { return program_->check_reads; }
std::span<const RuleSet::RuleInfo> RuleSet::rules() const { return program_->infos; }
std::span<const LimitInfo> RuleSet::limits() const { return program_->limit_infos; }

}  // namespace postern::rules
