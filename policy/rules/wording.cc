#include <fmt/format.h>

#include "policy/base/text.h"
#include "policy/rules/conclude.h"

namespace postern::rules {

std::string printable_value(const Value& value) { return printable(text_of(value), kMaxValueBytes); }

std::string Wording::piece(const Template::Piece& piece, std::size_t rule) const {
  switch (piece.kind) {
    case Template::Piece::Kind::literal: return piece.text;
    case Template::Piece::Kind::fact: return known_value_text(state_of_fact(program_, known_, piece.index));
    case Template::Piece::Kind::check: {
      const Outcome* found = found_outcome(program_.checks[piece.index], known_.check(piece.index), stage_);
      return found == nullptr ? "-" : std::string(found->name);
    }
    case Template::Piece::Kind::rule_name: return program_.rules[rule].name;
    case Template::Piece::Kind::tag: {
      std::string out;
      for (std::size_t i = 0; i < rule; ++i) {
        if (program_.rules[i].tags.empty() || !evaluation_.counts(i) || evaluation_.rule(i) != outlook_of(kTrue))
          continue;
        for (const std::string& tag : program_.rules[i].tags) out += (out.empty() ? "" : ", ") + tag;
      }
      return out.empty() ? "-" : out;
    }
    case Template::Piece::Kind::score: {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < rule; ++i) {
        if (program_.rules[i].score && evaluation_.counts(i) && evaluation_.rule(i) == outlook_of(kTrue))
          sum += *program_.rules[i].score;
      }
      return std::to_string(sum);
    }
  }
  return {};
}

std::string Wording::text(const Template& text, std::size_t rule) const {
  std::string out;
  for (const Template::Piece& p : text.pieces) out += piece(p, rule);
  return out;
}

std::optional<std::size_t> Wording::pending(std::size_t rule) const {
  const ReplyWords& words = program_.rules[rule].words;
  if (!words.code || !words.status || !words.text) {
    if (const Telling telling = evaluation_.telling(rule); telling.pending) return telling.pending;
  }
  if (evaluation_.rule(rule) != outlook_of(kTrue)) {
    std::optional<std::size_t> unasked;
    evaluation_.lacks(rule, &unasked);
    if (unasked) return unasked;
  }
  return words.text ? pending(*words.text, rule) : std::nullopt;
}

std::optional<std::size_t> Wording::pending(const Template& text, std::size_t rule) const {
  for (const Template::Piece& p : text.pieces) {
    if (p.kind == Template::Piece::Kind::check && known_.check(p.index).kind == CheckState::Kind::askable)
      return p.index;
    if (p.kind == Template::Piece::Kind::fact &&
        state_of_fact(program_, known_, p.index).kind == FactState::Kind::askable)
      return program_.fact_checks[p.index];
    if (p.kind != Template::Piece::Kind::tag && p.kind != Template::Piece::Kind::score) continue;
    for (std::size_t i = 0; i < rule; ++i) {
      const Rule& above = program_.rules[i];
      if ((above.tags.empty() && !above.score) || !evaluation_.counts(i)) continue;
      if (const auto check = evaluation_.pending(i)) return check;
    }
  }
  return std::nullopt;
}

Reply Wording::reply(std::size_t rule, ReplyClass reply_class) const {
  const ReplyWords& words = program_.rules[rule].words;
  const Telling telling = evaluation_.telling(rule);
  const Outcome* outcome = telling.outcome;
  const OwnReply* own = telling.finding != nullptr && telling.finding->reply ? &*telling.finding->reply : nullptr;
  const bool wordless = !words.code && !words.status && !words.text && outcome == nullptr;
  if (wordless && reply_class == ReplyClass::tempfail && evaluation_.rule(rule) != outlook_of(kTrue)) {
    const std::vector<Lack> lacks =
        evaluation_.lacks(rule);  // not refused for what it asks, but for what could not be answered
    if (!lacks.empty()) return not_available(lacks.front().name);
  }
  const int plain =
      reply_class == ReplyClass::permfail ? 550 : 451;  // LANGUAGE 2: 550 5.7.1 / 451 4.7.1 and the rule's name
  const int code = words.code.value_or(own != nullptr ? own->code : outcome != nullptr ? outcome->reply.code : plain);
  const Detail status = words.status.value_or(own != nullptr       ? own->status
                                              : outcome != nullptr ? outcome->reply.status
                                                                   : Detail{7, 1});
  std::string said;
  if (words.text)
    said = text(*words.text, rule);
  else if (own != nullptr)
    said = own->text;
  else if (outcome != nullptr)
    said = outcome->reply.text;
  if (said.empty()) said = fmt::format("Refused by rule {}", program_.rules[rule].name);
  return Reply::make(reply_class, code, status, said);
}

bool Wording::is_for_good(std::size_t rule) const {
  const Telling telling = evaluation_.telling(rule);
  return !program_.rules[rule].words.code && telling.finding != nullptr && telling.finding->reply &&
         telling.finding->reply->for_good;
}

Reply Wording::not_available(const std::string& what) {
  return Reply::make(ReplyClass::tempfail, 451, {4, 3},
                     fmt::format("Check {} is not available now, try again later", what));  // DESIGN 6
}

}  // namespace postern::rules
