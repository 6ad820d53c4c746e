#pragma once

#include <optional>
#include <string>

#include "policy/rules/decide.h"
#include "policy/rules/evaluate.h"
#include "policy/rules/walk.h"

namespace postern::rules {

constexpr std::size_t kMaxValueBytes = 200;  // local: of one value in a text

std::string printable_value(const Value& value);

/// What is printed of a template, and the words of a refusal.
class Wording {
 public:
  Wording(const Program& program, const Known& known, Stage stage, Evaluation& evaluation)
      : program_(program), known_(known), stage_(stage), evaluation_(evaluation) {}

  /// The check to ask before it is settled what a rule says.
  std::optional<std::size_t> pending(std::size_t rule) const;
  /// The same of one text alone.
  std::optional<std::size_t> pending(const Template& text, std::size_t rule) const;
  std::string text(const Template& text, std::size_t rule) const;
  /// The reply of a rule under a class (LANGUAGE 2, Final).
  Reply reply(std::size_t rule, ReplyClass reply_class) const;
  /// Does a rule that defers do so for a finding that no waiting will change?
  bool is_for_good(std::size_t rule) const;
  /// 451 4.4.3 for what failed (DESIGN 6).
  static Reply not_available(const std::string& what);

 private:
  std::string piece(const Template::Piece& piece, std::size_t rule) const;

  const Program& program_;
  const Known& known_;
  const Stage stage_;
  Evaluation& evaluation_;
};

/// The decision of a walk that holds refusals alone; or the check that must be asked first, for its words.
std::optional<std::size_t> conclude_refusal(const Program& program, const Known& known, Stage stage,
                                            Evaluation& evaluation, const Walk& walk, Decision& decision);

/// The same at the end of a walk that holds something else too; checks are asked for the effects of what is let through
/// as well.
std::optional<std::size_t> conclude_end(const Program& program, const Known& known, Evaluation& evaluation,
                                        const Walk& walk, Decision& decision);

/// Whether a refusal of one recipient would be another without that one's facts: not so where every recipient would be
/// refused, and none more softly.
bool rests_on_recipient(const Program& program, Evaluation& evaluation, Evaluation& blind, const Decision& decision);

}  // namespace postern::rules
