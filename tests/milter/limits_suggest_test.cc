#include "milter/cli/limits_suggest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "milter/json.h"
#include "tests/support/temp_folder.h"

namespace postern::cli {
namespace {

constexpr std::int64_t kNow = 1'796'000'000;  // 2026-11-30

class Logs {
 public:
  std::string add(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

 private:
  test::TempFolder folder_;
};

/// A user's day: `n` messages, one every `gap` seconds, in Postern's own log.
std::string our_lines(const std::string& login, int n, int gap, int day = 27) {
  std::string out;
  for (int i = 0; i < n; ++i) {
    const int second = i * gap;
    out += fmt::format(
        "Nov {} {:02}:{:02}:{:02} mx postern[7]: event=decision level=info action=accept login={} "
        "recipients=2 bytes=2000\n",
        day, second / 3600, second / 60 % 60, second % 60, login);
  }
  return out;
}

TEST(LimitsSuggest, PrintsALimitThatCanBePasted) {
  Logs logs;
  std::string text;
  for (int i = 0; i < 9; ++i) text += our_lines(fmt::format("user{}@example.org", i), 10, 600);
  text += our_lines("shop@example.org", 100, 10, 28);
  const SuggestAnswer answer = suggest_limits({.files = {logs.add("a", text)}}, kNow);
  EXPECT_EQ(answer.status, kOk);
  EXPECT_EQ(answer.problem, "");
  EXPECT_EQ(answer.text,
            "# recipients of 10 logins on 2 days, the most that each had in any window:\n"
            "#                 p50          p95          p99          max\n"
            "#     1m            2           12           12           12\n"
            "#     1h           12          200          200          200\n"
            "#    24h           20          200          200          200\n"
            "# Fewer than 7 days: what comes once a week or a month is not in it.\n"
            "limits:\n"
            "  user:\n"
            "    per: login\n"
            "    count: recipients\n"
            "    allow: [20/1m, 500/24h]\n"
            "    when: direction is submission\n"
            "# Nobody would have been hit by it.\n");
}

TEST(LimitsSuggest, NamesThoseThatWouldHaveBeenHit) {
  Logs logs;
  std::string text;
  for (int i = 0; i < 400; ++i) text += our_lines(fmt::format("user{}", i), 2, 600);
  text += our_lines("e\\\"vil\x1b", 1, 1) + our_lines("spammer", 3000, 2);
  const std::vector<std::string> files{logs.add("a", text)};
  const SuggestAnswer answer = suggest_limits({.files = files, .unit = "messages"}, kNow);
  EXPECT_NE(answer.text.find("allow: [2/1m, 5/24h]\n"), std::string::npos) << answer.text;
  EXPECT_NE(answer.text.find("# 1 would have been hit by it:\n#   spammer  3000 of 5/24h\n"), std::string::npos)
      << answer.text;
  EXPECT_EQ(answer.text.find('\x1b'), std::string::npos);
  const Json json = Json::parse(suggest_limits({.files = files, .unit = "messages", .json = true}, kNow).text);
  EXPECT_EQ(json["logins"], 402);
  EXPECT_EQ(json["days"], 1);
  EXPECT_EQ(json["allow"], Json::array({"2/1m", "5/24h"}));
  EXPECT_EQ(json["hits"][0]["login"], "spammer");
  EXPECT_EQ(json["hits"][0]["used"], 3000);
  EXPECT_EQ(json["windows"][1]["window"], "1h");
}

TEST(LimitsSuggest, ReadsLogsInTheOrderOfTheirTimes) {
  Logs logs;
  const std::string today = logs.add("mail.log", our_lines("bob", 10, 60, 28));
  const std::string yesterday = logs.add("mail.log.1", our_lines("bob", 20, 4000, 27) + our_lines("bob", 1, 1, 28));
  const auto day_of = [&](std::vector<std::string> files) {
    return Json::parse(suggest_limits({.files = std::move(files), .json = true}, kNow).text)["windows"][2]["max"]
        .get<int>();
  };
  EXPECT_EQ(day_of({today, yesterday}), day_of({yesterday, today}));
  EXPECT_EQ(day_of({today, yesterday}), 2 * 30);  // the first of yesterday is a day before the first of today
}

TEST(LimitsSuggest, SaysWhereALogIsOutOfOrder) {
  Logs logs;
  const std::string file = logs.add("a", our_lines("bob", 3, 7200, 28) + our_lines("bob", 3, 7200, 27));
  EXPECT_NE(suggest_limits({.files = {file}}, kNow).problem.find("3 messages stand out of order"), std::string::npos);
}

TEST(LimitsSuggest, JoinsPostfixAcrossFiles) {
  Logs logs;
  const std::string one = logs.add(
      "a", "Nov 28 10:00:00 mx postfix/smtpd[1]: 4F2AB: client=h[192.0.2.1], sasl_method=PLAIN, sasl_username=bob\n");
  const std::string two =
      logs.add("b", "Nov 28 10:00:02 mx postfix/qmgr[2]: 4F2AB: from=<a@b>, size=3000000, nrcpt=3 (queue active)\n");
  const SuggestAnswer answer = suggest_limits({.files = {one, two}, .unit = "bytes"}, kNow);
  EXPECT_NE(answer.text.find("allow: [5 MB/24h]"), std::string::npos) << answer.text << answer.problem;
}

TEST(LimitsSuggest, SaysWhatItCannotUse) {
  Logs logs;
  const std::string none = logs.add("none", std::string(200'000, 'x') + "\nhello\n" + std::string("\0\0\n", 3));
  EXPECT_EQ(suggest_limits({.files = {none}}, kNow).status, kFailed);
  EXPECT_EQ(suggest_limits({.files = {none}}, kNow).problem,
            "3 lines tell of no message from anybody who had authenticated\n");
  const std::string timeless = logs.add("timeless", "event=decision action=accept login=bob recipients=1\n");
  EXPECT_NE(suggest_limits({.files = {timeless}}, kNow).problem.find("journalctl -o short-iso"), std::string::npos);
  EXPECT_EQ(suggest_limits({.files = {"/nonexistent/log"}}, kNow).status, kFailed);
  EXPECT_EQ(suggest_limits({.files = {none}, .unit = "connections"}, kNow).status, kUnusable);
}

TEST(LimitsSuggest, PassesOverLinesThatAreTooLong) {
  Logs logs;
  const std::string line = "Nov 28 10:00:00 mx postern[7]: event=decision action=accept login=bob recipients=1\n";
  const std::string file = logs.add("a", std::string(300'000, 'x') + "\n" + line + std::string(65'536, 'y') + "\r\n" +
                                             line.substr(0, line.size() - 1));
  EXPECT_NE(suggest_limits({.files = {file}}, kNow).text.find("allow: [5/24h]"), std::string::npos);
}

}  // namespace
}  // namespace postern::cli
