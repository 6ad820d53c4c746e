#include "policy/accounts/key_template.h"

#include <algorithm>

#include "policy/base/text.h"

namespace postern::accounts {

void KeyTemplate::text(std::string_view text) {
  if (text.empty()) return;
  if (!pieces_.empty() && pieces_.back().part == Part::text)
    pieces_.back().text += text;
  else
    pieces_.push_back({Part::text, 0, std::string(text)});
}

void KeyTemplate::part(Part part, std::size_t label) { pieces_.push_back({part, label, {}}); }

bool KeyTemplate::has_parts() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) { return piece.part != Part::text; });
}

std::string_view KeyTemplate::value(const Piece& piece, const Question& question) const {
  switch (piece.part) {
    case Part::text: return piece.text;
    case Part::key: return question.key;
    case Part::local: return question.local();
    case Part::domain: return question.domain();
    case Part::label: break;
  }
  const auto labels = split(question.domain(), '.');
  return piece.label >= 1 && piece.label <= labels.size() ? labels[labels.size() - piece.label] : std::string_view();
}

std::optional<std::string> KeyTemplate::expand(const Question& question, Escape escape) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    const std::string_view part = value(piece, question);
    if (piece.part == Part::text || escape == nullptr)
      out += part;
    else
      out += escape(part);
    if (part.empty() && missing_ == Missing::nothing) return std::nullopt;
  }
  return out;
}

}  // namespace postern::accounts
