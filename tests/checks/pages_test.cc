// Every check has its page, and the page says what the tables in the code say.

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "policy/base/text.h"
#include "policy/checks/registry.h"

namespace postern {
namespace {

std::string page(std::string_view check) {
  std::ifstream in(fmt::format("{}/docs/checks/{}.md", POSTERN_SOURCE_DIR, check));
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The cells of the table that begins with the line `header`.
std::vector<std::vector<std::string>> table(const std::string& page, std::string_view header) {
  std::vector<std::vector<std::string>> rows;
  bool within = false;
  for (const std::string_view line : split(page, '\n')) {
    if (line == header)
      within = true;
    else if (within && !line.starts_with("|"))
      break;
    else if (within && !line.starts_with("|---")) {
      std::vector<std::string> cells;
      for (const std::string_view cell : split(line.substr(1, line.size() - 2), '|')) cells.emplace_back(trim(cell));
      rows.push_back(cells);
    }
  }
  return rows;
}

std::string reply_cell(const Outcome& outcome) {
  if (outcome.reply.code == 0) return "-";
  const ReplyClass reply_class = outcome.reply.code / 100 == 5 ? ReplyClass::permfail : ReplyClass::tempfail;
  const Reply reply = Reply::make(reply_class, outcome.reply.code, outcome.reply.status, outcome.reply.text);
  return fmt::format("{} {} {}", reply.code_text(), reply.status_text(), reply.text());
}

TEST(Pages, ShowTheOutcomes) {
  for (const CheckType* type : check_types()) {
    SCOPED_TRACE(std::string(type->name));
    const auto rows = table(page(type->name), "| Outcome | Meaning | Default reply | Source |");
    ASSERT_EQ(rows.size(), type->outcomes.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Outcome& outcome = type->outcomes[i];
      ASSERT_EQ(rows[i].size(), 4u);
      EXPECT_EQ(rows[i][0], fmt::format("`{}`{}", outcome.name, outcome.failure == Failure::yes ? " (failure)" : ""));
      EXPECT_EQ(rows[i][2], reply_cell(outcome)) << outcome.name;
      EXPECT_EQ(rows[i][3], outcome.rfc.empty() ? "-" : outcome.rfc) << outcome.name;
    }
  }
}

// Where a check has the settings of another, its page says so, and repeats none.
TEST(Pages, ShowTheSettings) {
  for (const CheckType* type : check_types()) {
    SCOPED_TRACE(std::string(type->name));
    const auto rows = table(page(type->name), "| Setting | Default | Meaning |");
    if (!type->settings.empty()) {
      EXPECT_THAT(page(type->name),
                  testing::HasSubstr(fmt::format("\nThose of [{0}]({0}.md#settings)", type->settings)));
      EXPECT_TRUE(rows.empty());
      continue;
    }
    const auto settings = settings_of(*type);
    ASSERT_EQ(rows.size(), settings.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i][0], fmt::format("`{}`", settings[i].key));
      EXPECT_EQ(rows[i][1], settings[i].fallback.empty() ? "-" : fmt::format("`{}`", settings[i].fallback));
    }
  }
}

TEST(Pages, HaveTheirParts) {
  for (const CheckType* type : check_types()) {
    for (const char* part : {"## Outcomes", "## Settings", "## Cost", "## Example", "```yaml"}) {
      EXPECT_THAT(page(type->name), testing::HasSubstr(part)) << type->name;
    }
  }
}

}  // namespace
}  // namespace postern
