#include "tests/fuzz/oracle.h"
#include "tests/session/round.h"

using namespace postern::session;

/// The bytes are the dice of a round of tests/session: which policy, which weather, which callbacks in which order.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Stage& stage = *new Stage(0);  // never deleted: libmilter's double holds its callbacks
  BytesDice dice(data, size);
  const Round round = make_round(dice, stage.policies(), 2, 1);
  const std::vector<std::string> wrong = hold(stage, round);
  for (const std::string& text : wrong) std::fprintf(stderr, "%s: %s\n", round.text().c_str(), text.c_str());
  postern::fuzz::hold(wrong.empty(), "sessions go as the model foretells");
  stage.set({});
  postern::fuzz::hold(hold_normal_sessions(stage, stage.policies()[round.setting.first]).empty(),
                      "the next session is right");
  return 0;
}
