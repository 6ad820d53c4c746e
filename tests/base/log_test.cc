#include "policy/base/log.h"

#include <random>

namespace postern {
namespace {

TEST(Log, WritesLogfmt) {
  Event event{.name = "decision", .level = LogLevel::info, .fields = {}};
  event.add("rule", std::string("null-mx"))
      .add("text", std::string("two words"))
      .add("n", std::int64_t{3})
      .add("ms", 0.25)
      .add("ok", true);
  event.add("list", std::vector<std::string>{"a=1", "b=2"});
  EXPECT_EQ(format(event, LogForm::logfmt),
            "event=decision level=info rule=null-mx text=\"two words\" n=3 ms=0.2 ok=true list=\"a=1 b=2\"");
}

TEST(Log, WritesJson) {
  Event event{.name = "start", .level = LogLevel::warning, .fields = {}};
  event.add("text", std::string("a\"b\\")).add("list", std::vector<std::string>{"x", "y"});
  EXPECT_EQ(format(event, LogForm::json), R"({"event":"start","level":"warning","text":"a\"b\\","list":["x","y"]})");
}

// FAULTS T76: one event, one line, and no field that a stranger made.
TEST(Log, HostileTextBreaksNothing) {
  std::mt19937 random(20261122);
  for (int i = 0; i < 2000; ++i) {
    std::string hostile = "x\" action=accept \n";
    for (int k = 0; k < 40; ++k) hostile += static_cast<char>(random());
    Event event{.name = "decision", .level = LogLevel::info, .fields = {}};
    event.add("helo", hostile).add("action", std::string("reject"));
    for (const LogForm form : {LogForm::logfmt, LogForm::json}) {
      const std::string line = format(event, form);
      for (const char c : line) ASSERT_GE(static_cast<unsigned char>(c), 0x20u);
      // Outside of quotes there is one action.
      std::string outside;
      bool quoted = false;
      for (std::size_t k = 0; k < line.size(); ++k) {
        if (quoted && line[k] == '\\')
          ++k;
        else if (line[k] == '"')
          quoted = !quoted;
        else if (!quoted)
          outside += line[k];
      }
      EXPECT_FALSE(quoted);
      if (form == LogForm::logfmt) {
        EXPECT_EQ(outside.find("action=accept"), std::string::npos) << line;
      }
    }
  }
}

TEST(Log, GoesToItsLines) {
  std::vector<std::string> lines;
  Log log(LogForm::logfmt, lines);
  log.write({.name = "start", .level = LogLevel::info, .fields = {}});
  EXPECT_THAT(lines, testing::ElementsAre("event=start level=info"));
}

}  // namespace
}  // namespace postern
