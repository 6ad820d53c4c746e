#include "tests/session/script.h"

namespace postern::session {

namespace {

using Kind = Event::Kind;

// An MTA: what it says next, by what it was answered.
class Mta {
 public:
  Kind next(Dice& dice, const Terms* terms) {
    const auto left_out = [&](unsigned long flag) { return terms != nullptr && (terms->steps & flag) != 0; };
    if (at_ == Kind::rcpt && dice.one_in(2)) return dice.one_in(16) ? Kind::abort : Kind::rcpt;
    if (at_ == Kind::header && dice.one_in(2)) return Kind::header;
    if (at_ == Kind::body && dice.one_in(3)) return Kind::body;
    switch (at_) {
      case Kind::negotiate: return Kind::connect;
      case Kind::connect: return Kind::helo;
      case Kind::helo:
      case Kind::abort:
      case Kind::end_of_message: return dice.one_in(8) ? Kind::close : dice.one_in(8) ? Kind::helo : Kind::mail;
      case Kind::mail: return dice.one_in(16) ? Kind::abort : Kind::rcpt;
      case Kind::rcpt:
        if (!left_out(SMFIP_NODATA)) return Kind::data;
        [[fallthrough]];
      case Kind::data:
        if (!left_out(SMFIP_NOHDRS)) return Kind::header;
        [[fallthrough]];
      case Kind::header:
        if (!left_out(SMFIP_NOEOH)) return Kind::end_of_headers;
        [[fallthrough]];
      case Kind::end_of_headers:
        if (!left_out(SMFIP_NOBODY)) return Kind::body;
        [[fallthrough]];
      case Kind::body: return Kind::end_of_message;
      case Kind::close: return Kind::negotiate;
    }
    return Kind::close;
  }

  void said(Kind kind, sfsistat answer) {
    const bool refused = answer == SMFIS_TEMPFAIL || answer == SMFIS_REJECT;
    at_ = refused && kind != Kind::rcpt ? Kind::abort : kind;
  }

 private:
  Kind at_ = Kind::close;
};

}  // namespace

Script write_script(Dice& dice, const Setting& setting) {
  constexpr unsigned kWildness[] = {0, 0, 32, 6, 1};  // one callback in so many comes out of order
  constexpr std::size_t kMostLines = 60;
  const unsigned wild = kWildness[dice.roll(5)];
  const std::size_t length = 5 + dice.roll(kMostLines - 5);
  Script script;
  Model model(setting.weather);
  Mta mta;
  std::size_t in_force = setting.first;
  while (script.lines.size() < length) {
    const bool out_of_order = wild != 0 && !script.lines.empty() && dice.one_in(wild);
    Event event;
    event.kind = out_of_order ? static_cast<Kind>(dice.roll(Event::kKinds)) : mta.next(dice, model.terms());
    // A fair half of the words are the first one, with which most goes well.
    if (dice.one_in(2)) event.word = dice.roll(static_cast<unsigned>(words(event.kind)));
    if (setting.swaps && dice.one_in(6)) in_force = dice.roll(static_cast<unsigned>(setting.policies.size()));
    Script::Line line{.event = event, .in_force = in_force};
    line.expected = model.expect(event, setting.policies[in_force]);
    mta.said(event.kind, line.expected.verdict);
    script.lines.push_back(std::move(line));
    if (event.kind == Kind::close && !dice.one_in(4)) return script;
  }
  script.lines.push_back({.event = {.kind = Kind::close}, .in_force = in_force});
  script.lines.back().expected = model.expect(script.lines.back().event, setting.policies[in_force]);
  return script;
}

void foretell(Script& script, const Setting& setting) {
  Model model(setting.weather);
  for (Script::Line& line : script.lines) line.expected = model.expect(line.event, setting.policies[line.in_force]);
}

}  // namespace postern::session
