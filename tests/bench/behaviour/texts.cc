#include "tests/bench/behaviour/texts.h"

namespace postern::bench {

namespace {

constexpr int kVocabulary = 20'000;

std::string invent(int number) {
  constexpr std::string_view kConsonants = "bdfgklmnprstvwz";
  constexpr std::string_view kVowels = "aeiou";
  std::string out;
  Dice letters(static_cast<std::uint64_t>(number));
  const int syllables = number < 100 ? letters.number(1, 2) : letters.number(2, 4);  // what is said often is short
  for (int i = 0; i < syllables; ++i) {
    out += kConsonants[letters.next() % kConsonants.size()];
    out += kVowels[letters.next() % kVowels.size()];
    if (letters.chance(0.4)) out += kConsonants[letters.next() % kConsonants.size()];
  }
  return out;
}

const std::string& word(std::size_t number) {
  static const std::vector<std::string> kWords = [] {
    std::vector<std::string> out;
    for (int i = 0; i < kVocabulary; ++i) out.push_back(invent(i) + ' ');
    return out;
  }();
  return kWords[number];
}

/// Zipf's law, by its continuous form.
const std::string& any_word(Dice& dice) {
  return word(static_cast<std::size_t>(std::pow(kVocabulary, dice.part())) - 1);
}

}  // namespace

std::string words(Dice& dice, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += any_word(dice);
  return out;
}

Template::Template(Dice& dice, int count, double spun) : spun_(spun) {
  for (int i = 0; i < count; ++i) words_.push_back(any_word(dice));
}

std::string Template::next(Dice& dice) const {
  std::string out = words(dice, 2);
  for (const std::string& w : words_) out += dice.chance(spun_) ? any_word(dice) : w;
  return out;
}

}  // namespace postern::bench
