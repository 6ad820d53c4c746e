#include "milter/cli/log_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "milter/cli/log_event.h"
#include "policy/base/log.h"

namespace postern::cli {
namespace {

constexpr std::int64_t kNow = 1'796'000'000;  // 2026-11-30

/// `time login recipients bytes`, a line each.
std::string told(std::initializer_list<std::string_view> lines, LogReader::Counts* counts = nullptr) {
  std::string out;
  LogReader reader(kNow, [&](const LoggedMail& mail) {
    out += fmt::format("{} {} {} {}\n", mail.unix_time, mail.login, mail.recipients, mail.bytes);
  });
  for (const std::string_view line : lines) reader.take(line);
  if (counts != nullptr) *counts = reader.counts();
  return out;
}

TEST(LogLine, BeginsWithATime) {
  const std::pair<std::string_view, std::int64_t> kRows[] = {
      {"Nov 28 10:00:00 mx x: y", 1'795'860'000},           {"<22>Nov 28 10:00:00 mx x: y", 1'795'860'000},
      {"Nov  8 10:00:00 mx x: y", 1'794'132'000},           {"Dec 31 23:59:59 mx x: y", 1'767'225'599},  // of last year
      {"Nov 30 12:00:00 mx x: y", 1'796'040'000},                                                        // zones
      {"2026-11-28T10:00:00+00:00 mx x: y", 1'795'860'000}, {"2026-11-28T10:00:00.123456+01:00 mx x: y", 1'795'856'400},
      {"2026-11-28T10:00:00-0130 mx x: y", 1'795'865'400},  {"2026-11-28T10:00:00Z mx x: y", 1'795'860'000},
      {"2026-11-28 10:00:00,5 mx x: y", 1'795'860'000},
  };
  for (const auto& [line, time] : kRows) {
    const LogLine split = split_time(line, kNow);
    EXPECT_EQ(split.unix_time.value_or(0), time) << line;
    EXPECT_EQ(split.rest, "mx x: y") << line;
  }
}

TEST(LogLine, HasNoTimeThatCannotBe) {
  for (const std::string_view line :
       {"", "x", "Nov 31 10:00:00 mx x: y", "Nov 28 24:00:00 mx x: y", "Nov 28 10:00 mx x: y", "nov 28 10:00:00 mx x",
        "ovD 28 10:00:00 mx x: y", "2026-02-29T10:00:00Z x y z", "2026-11-28T10:00:00+1 x", "2026-11-28T10:00:00",
        "2026-13-28T10:00:00Z x y z", "event=decision login=bob", "<22", "<222222>Nov 28 10:00:00 mx x: y"}) {
    EXPECT_FALSE(split_time(line, kNow).unix_time) << line;
  }
}

TEST(LogEvent, IsReadAsItWasWritten) {
  Event event{.name = "decision", .level = LogLevel::info, .fields = {}};
  event.add("login", std::string("b\"o b\\=\n")).add("empty", std::string()).add("recipients", std::int64_t{3});
  event.add("ms", 1.5).add("ok", true).add("findings", std::vector<std::string>{"a=b", "c=d e"});
  for (const LogForm form : {LogForm::logfmt, LogForm::json}) {
    const std::string line = format(event, form);
    ASSERT_TRUE(is_event(line));
    auto fields = read_event(line);
    EXPECT_EQ(fields["event"], "decision") << line;
    EXPECT_EQ(fields["login"], "b\"o b\\=\\x0a") << line;
    EXPECT_EQ(fields["empty"], "") << line;
    EXPECT_EQ(fields["recipients"], "3") << line;
    EXPECT_EQ(fields["ok"], "true") << line;
  }
}

TEST(LogEvent, OfAnythingElseHasNoFieldsOrSome) {
  for (const std::string& line :
       {std::string(), std::string("{\"event\":"), std::string("{\"event\":\"decision\""), std::string("event=\""),
        std::string("event=\"\\"), std::string("event"), std::string("=="), std::string("event=a\0b=c", 11),
        "{\"event\":" + std::string(10'000, '['), "event=" + std::string(10'000, '"')}) {
    EXPECT_LE(read_event(line).size(), 3u);
  }
  std::string many = "event=decision";
  for (int i = 0; i < 10'000; ++i) many += fmt::format(" f{}=1", i);
  EXPECT_LE(read_event(many).size(), 200u);
}

TEST(LogReader, ReadsOurDecisions) {
  EXPECT_EQ(
      told({"Nov 28 10:00:00 mx postern[7]: event=decision level=info id=A queue=4F2AB action=accept "
            "direction=submission "
            "sender=a@b login=bob recipients=3 bytes=1234",
            "2026-11-28T10:00:01Z mx postern[7]: {\"event\":\"decision\",\"level\":\"info\",\"action\":\"accept\","
            "\"login\":\"al \\\"ice\",\"recipients\":2,\"recipient\":[\"a\",\"b\"],\"bytes\":99}",
            "2026-11-28T10:00:02.5Z event=decision level=info action=quarantine login=eve recipients=1"}),
      "1795860000 bob 3 1234\n1795860001 al \"ice 2 99\n1795860002 eve 1 0\n");
}

TEST(LogReader, CountsNoMailThatWasNotTakenOrHasNoLogin) {
  LogReader::Counts counts;
  EXPECT_EQ(told({"Nov 28 10:00:00 mx postern[7]: event=decision action=reject login=bob recipients=3",
                  "Nov 28 10:00:00 mx postern[7]: event=decision action=aborted login=bob recipients=3",
                  "Nov 28 10:00:00 mx postern[7]: event=decision action=accept recipients=3",
                  "Nov 28 10:00:00 mx postern[7]: event=notify action=accept login=bob recipients=3",
                  "event=decision action=accept login=bob recipients=3"},
                 &counts),
            "");
  EXPECT_EQ(counts.without_time, 1u);
  EXPECT_EQ(counts.lines, 5u);
}

constexpr std::string_view kSmtpd =
    "Nov 28 10:00:00 mx postfix/submission/smtpd[1]: 4F2AB: client=home[192.0.2.1], sasl_method=PLAIN, "
    "sasl_username=bob";
constexpr std::string_view kQmgr =
    "Nov 28 10:00:02 mx postfix/qmgr[2]: 4F2AB: from=<bob@x.example>, size=1234, nrcpt=3 (queue active)";

TEST(LogReader, JoinsWhatPostfixSaysByQueueId) {
  EXPECT_EQ(told({kSmtpd, kQmgr}), "1795860002 bob 3 1234\n");
  EXPECT_EQ(told({kQmgr}), "");
  EXPECT_EQ(told({kSmtpd}), "");
  EXPECT_EQ(told({kSmtpd, kQmgr, kQmgr, kQmgr}), "1795860002 bob 3 1234\n") << "it was deferred";
  EXPECT_EQ(
      told({"2026-11-28T10:00:00.1+00:00 mx mail-out/smtpd[1]: 4ZxYw12: client=home[192.0.2.1], sasl_method=PLAIN, "
            "sasl_username=al ice@x.example, sasl_sender=a@x.example",
            "2026-11-28T10:00:02.1+00:00 mx mail-out/qmgr[2]: 4ZxYw12: from=<>, size=5, nrcpt=1 (queue active)"}),
      "1795860002 al ice@x.example 1 5\n");
}

TEST(LogReader, CountsAMessageOnceOfWhichBothTell) {
  const std::string_view ours =
      "Nov 28 10:00:01 mx postern[7]: event=decision queue=4F2AB action=accept login=bob recipients=2 bytes=7";
  EXPECT_EQ(told({kSmtpd, ours, kQmgr}), "1795860001 bob 2 7\n");
  EXPECT_EQ(told({ours, kSmtpd, kQmgr}), "1795860001 bob 2 7\n");
  EXPECT_EQ(told({kSmtpd, kQmgr, ours}), "1795860002 bob 3 1234\n");
}

TEST(LogReader, KnowsThatShortQueueIdsComeBack) {
  EXPECT_EQ(
      told({kSmtpd, kQmgr,
            "Nov 29 10:00:00 mx postfix/smtpd[1]: 4F2AB: client=h[192.0.2.1], sasl_method=PLAIN, sasl_username=eve",
            "Nov 29 10:00:01 mx postfix/qmgr[2]: 4F2AB: from=<e@x.example>, size=2, nrcpt=1 (queue active)"}),
      "1795860002 bob 3 1234\n1795946401 eve 1 2\n");
}

TEST(LogReader, IsNotDeceivedByWhatStrangersWrite) {
  EXPECT_EQ(told({"Nov 28 10:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[192.0.2.1]: 550 x; from=<a@b>, "
                  "sasl_username=bob",
                  "Nov 28 10:00:00 mx postfix/smtpd[1]: 4F2AC: client=h[192.0.2.1]",
                  "Nov 28 10:00:01 mx postfix/qmgr[2]: 4F2AC: from=<a@b>, size=2, nrcpt=1 (queue active)",
                  "Nov 28 10:00:01 mx postfix/cleanup[2]: 4F2AC: client=h, sasl_username=bob",
                  "Nov 28 10:00:01 mx other[2]: got: event=decision action=accept login=bob recipients=9",
                  "Nov 28 10:00:00 mx postfix/smtpd[1]: 4F2AD: reject: client=h, sasl_username=bob"}),
            "");
  EXPECT_EQ(told({kSmtpd,
                  "Nov 28 10:00:02 mx postfix/qmgr[2]: 4F2AB: from=<\", size=9, nrcpt=900 \"@x.example>, size=2, "
                  "nrcpt=1 (queue active)"}),
            "1795860002 bob 1 2\n");
  EXPECT_EQ(
      told(
          {kSmtpd, "Nov 28 10:00:02 mx postfix/qmgr[2]: 4F2AB: from=<a@b>, size=x, nrcpt=-1 (queue active)",
           "Nov 28 10:00:02 mx postfix/qmgr[2]: 4F2AB: removed",
           "Nov 28 10:00:02 mx postfix/qmgr[2]: 4F2AB: from=<a@b>, size=1, nrcpt=99999999999999999999 (queue active)"}),
      "");
}

TEST(LogReader, KeepsNoMoreThanItMay) {
  std::size_t messages = 0;
  LogReader reader(kNow, [&](const LoggedMail&) { ++messages; });
  const auto line = [](std::size_t i, std::string_view what) {
    return fmt::format("Nov 28 10:00:00 mx postfix/{}: {:08X}: {}", what.substr(0, what.find(' ')), i,
                       what.substr(what.find(' ') + 1));
  };
  const std::size_t n = LogReader::kMostOpen + 10;
  for (std::size_t i = 0; i < n; ++i)
    reader.take(line(i, "smtpd client=h[192.0.2.1], sasl_method=PLAIN, sasl_username=bob"));
  for (std::size_t i = 0; i < n; ++i) reader.take(line(i, "qmgr from=<a@b>, size=1, nrcpt=1 (queue active)"));
  EXPECT_EQ(messages, LogReader::kMostOpen);
  reader.take("Nov 28 10:00:00 mx postern: event=decision action=accept login=" +
              std::string(LogReader::kMostLineBytes, 'x'));
  reader.take("Nov 28 10:00:00 mx postern: event=decision action=accept login=" + std::string(1000, 'x'));
  EXPECT_EQ(messages, LogReader::kMostOpen);
}

}  // namespace
}  // namespace postern::cli
