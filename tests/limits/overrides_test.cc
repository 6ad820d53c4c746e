#include "policy/limits/overrides.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include "policy/limits/limit.h"
#include "tests/support/temp_folder.h"

namespace postern::limits {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kNow = 1'780'000'000;  // 2026-05-28

/// `500/24h 30/1m burst 10`, `off`, or `-` where there is none.
std::string told(const std::optional<Override>& found) {
  if (!found) return "-";
  if (found->exempt) return "off";
  std::string out;
  for (const Allowance& allowance : found->allow) out += (out.empty() ? "" : " ") + text_of(allowance);
  return out;
}

class File {
 public:
  explicit File(std::string_view text) { write(text); }
  const std::string& path() const { return path_; }
  void write(std::string_view text) {
    std::ofstream(path_ + ".new", std::ios::binary) << text;
    std::rename((path_ + ".new").c_str(), path_.c_str());
  }
  std::shared_ptr<OverrideFile> open() const {
    const auto file = OverrideFile::open(path_);
    EXPECT_TRUE(file) << file.error().message;
    return *file;
  }
  std::string trouble() const {
    const auto file = OverrideFile::open(path_);
    return file ? "" : fmt::format("{}: {}", file.error().where.line, file.error().message);
  }

 private:
  test::TempFolder folder_;
  std::string path_ = folder_ / "overrides";
};

TEST(Overrides, AreFoundByTheNearestLine) {
  const auto file = File(
                        "# what some may\n"
                        "bob@example.org 1000/24h, 30/1m burst 10   # a comment\n"
                        "bob+news@example.org 5000/24h\r\n"
                        "example.org 200/24h\n"
                        ".example.org 50/24h\n"
                        ".org 7/24h\n"
                        "Alice off\n"
                        "root unlimited\n"
                        "192.0.2.0/24 10/1h\n"
                        "192.0.2.128/25 20/1h\n"
                        "2001:db8::/32 30/1h\n"
                        "\n"
                        "straße@bücher.example 25 MB/1h")
                        .open();
  const std::pair<const char*, const char*> kRows[] = {
      {"bob@example.org", "1000/24h 30/1m burst 10"},
      {"BOB@EXAMPLE.org", "1000/24h 30/1m burst 10"},
      {"bob+x@example.org", "1000/24h 30/1m burst 10"},
      {"bob+news@example.org", "5000/24h"},
      {"eve@example.org", "200/24h"},
      {"+x@example.org", "200/24h"},
      {"eve@mail.example.org", "50/24h"},
      {"eve@a.b.example.org", "50/24h"},
      {"eve@notexample.org", "7/24h"},
      {"eve@example.net", "-"},
      {"example.org", "200/24h"},
      {"mail.example.org", "50/24h"},
      {"org", "7/24h"},
      {"alice", "off"},
      {"root", "off"},
      {"bob", "-"},
      {"192.0.2.1", "10/1h"},
      {"192.0.2.200", "20/1h"},
      {"192.0.2.0/24", "10/1h"},
      {"192.0.2.0/23", "-"},
      {"192.0.2.192/26", "20/1h"},
      {"192.0.3.1", "-"},
      {"::ffff:192.0.2.1", "10/1h"},
      {"2001:db8:1:2::/64", "30/1h"},
      {"2001:db9::1", "-"},
      {"STRASSE@bücher.example", "26214400/1h"},
      {"straße@xn--bcher-kva.example", "26214400/1h"},
      {"", "-"},
      {"@", "-"},
      {".", "-"},
      {"a b", "-"},
  };
  for (const auto& [key, allow] : kRows) EXPECT_EQ(told(file->find(key, kNow)), allow) << key;
  EXPECT_EQ(told(file->find(fmt::format("{:a>5000}@example.org", ""), kNow)), "-");
  EXPECT_EQ(told(file->find(std::string_view("bob\0@example.org", 16), kNow)), "200/24h");
}

TEST(Overrides, EndAtTheirDateAndTheNextLineCounts) {
  const auto file = File(
                        "bob 1000/24h until 2026-05-28\nbob 500/24h until 2026-12-31\nbob 10/24h\n"
                        "a@example.org off until 2026-05-28\nexample.org 3/24h\n")
                        .open();
  constexpr std::int64_t kEnd = 1'779'926'400 + 86'400;  // 2026-05-29
  EXPECT_EQ(told(file->find("bob", kEnd - 1)), "1000/24h");
  EXPECT_EQ(told(file->find("bob", kEnd)), "500/24h");
  EXPECT_EQ(told(file->find("bob", kEnd + 365 * 86'400)), "10/24h");
  EXPECT_EQ(told(file->find("a@example.org", kEnd - 1)), "off");
  EXPECT_EQ(told(file->find("a@example.org", kEnd)), "3/24h");
}

TEST(Overrides, NameTheLineThatIsWrong) {
  const std::pair<std::string, const char*> kRows[] = {
      {"a 1/1h\nbob\n", "2: a line has a key"},
      {"bob 500\n", "1: \"500\": a number without a window"},
      {"bob 500/24x\n", "1: \"500/24x\": "},
      {"bob 500/24h,\n", "1: \"\": a number without a window"},
      {"bob 1/1m, 2/60s\n", "1: two windows of one length"},
      {"bob 1/1m, 1/2m, 1/3m, 1/4m, 1/5m\n", "1: over 4 windows"},
      {"bob off, 1/1m\n", "1: \"off\" stands alone"},
      {"bob account.daily/24h\n", "1: \"account.daily/24h\": a number stands here"},
      {"bob 1/1h until tomorrow\n", "1: \"tomorrow\" is no date"},
      {"bob 1/1h until 2026-02-30\n", "1: \"2026-02-30\" is no date"},
      {"bob until 2026-02-28\n", "1: \"\": a number without a window"},
      {"192.0.2.1/24 1/1h\n", "1: \"192.0.2.1/24\" is no network"},
      {"a@b@c..d 1/1h\n", "1: \"a@b@c..d\" is no address"},
      {"<a@b.example> 1/1h\n", "1: \"<a@b.example>\" is no address"},
      {".a..b 1/1h\n", "1: \".a..b\" is no domain"},
      {std::string("b\0b 1/1h\n", 9), "1: a key with a control byte"},
      {fmt::format("{:a>700} 1/1h\n", ""), "1: a key has at most 600 bytes"},
      {fmt::format("a 1/1h\n{:a>2001}\n", ""), "2: the line is over 2000 bytes long"},
  };
  for (const auto& [text, trouble] : kRows)
    EXPECT_EQ(File(text).trouble().rfind(trouble, 0), 0u) << File(text).trouble();
  EXPECT_EQ(File(fmt::format("a 1/1h{:1994}", "")).trouble(), "");
  EXPECT_FALSE(OverrideFile::open("/nonexistent/overrides"));
  EXPECT_FALSE(OverrideFile::open("/dev/zero"));
  EXPECT_FALSE(OverrideFile::open("/"));
}

TEST(Overrides, AreReadAgainWhenTheFileChanges) {
  File text("bob 1/1h\n");
  const auto file = text.open();
  EXPECT_FALSE(file->refresh());
  text.write("bob 22/1h\n");
  EXPECT_EQ(told(file->find("bob", kNow)), "1/1h");
  EXPECT_TRUE(file->refresh());
  EXPECT_EQ(told(file->find("bob", kNow)), "22/1h");
  EXPECT_EQ(file->problem(), "");
}

TEST(Overrides, StayWhileTheFileIsBrokenOrGone) {
  File text("bob 1/1h\n");
  const auto file = text.open();
  text.write("bob 22/1h\nbob lots\n");
  EXPECT_FALSE(file->refresh());
  EXPECT_EQ(told(file->find("bob", kNow)), "1/1h");
  EXPECT_NE(file->problem().find("overrides:2: \"lots\""), std::string::npos) << file->problem();
  EXPECT_FALSE(file->refresh());
  EXPECT_NE(file->problem(), "") << "it stays until the file is right";
  std::remove(text.path().c_str());
  EXPECT_FALSE(file->refresh());
  EXPECT_NE(file->problem().find("No such file"), std::string::npos) << file->problem();
  EXPECT_EQ(told(file->find("bob", kNow)), "1/1h");
  text.write("bob 333/1h\n");
  EXPECT_TRUE(file->refresh());
  EXPECT_EQ(file->problem(), "");
}

TEST(Overrides, AreAtMostAMillion) {
  std::string lines;
  for (std::size_t i = 0; i < kMostOverrides; ++i)
    lines += fmt::format("user{}@customer{}.example {}/24h\n", i, i % 5000, i % 100);
  File text(lines);
  const auto began = std::chrono::steady_clock::now();
  const auto file = text.open();
  const auto read = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(file->size(), kMostOverrides);
  EXPECT_EQ(told(file->find("user999999@customer4999.example", kNow)), "99/24h");
  std::size_t found = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100'000; ++i)
    found += file->find(fmt::format("user{}@customer{}.example", i, i % 5000), kNow) ? 1 : 0;
  const auto asked = (std::chrono::steady_clock::now() - start) / 100'000;
  EXPECT_EQ(found, 100'000u);
  RecordProperty("read_ms", static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(read).count()));
  RecordProperty("find_ns", static_cast<int>(std::chrono::duration_cast<std::chrono::nanoseconds>(asked).count()));
  text.write(lines + "one@more.example 1/1h\n");
  EXPECT_FALSE(file->refresh());
  EXPECT_NE(file->problem().find(":1000001: over 1000000 lines"), std::string::npos) << file->problem();
}

TEST(Overrides, AreAskedForWhileTheyAreReadAgain) {
  File text("bob 1/1h\n");
  const auto file = text.open();
  std::atomic<bool> done{false};
  std::vector<std::thread> askers;
  for (int i = 0; i < 3; ++i) {
    askers.emplace_back([&] {
      while (!done) {
        const std::string now = told(file->find("bob", kNow));
        EXPECT_TRUE(now == "1/1h" || now == "22/1h") << now;
        EXPECT_EQ(file->problem(), "");
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    text.write(i % 2 == 0 ? "bob 22/1h\n" : "bob 1/1h\n");
    file->refresh();
  }
  done = true;
  for (std::thread& asker : askers) asker.join();
}

TEST(Allowed, TakesItsElseBesideTheFactsThatAreThere) {
  Limit limit;
  limit.allow = {{.fact = "account.hourly", .window = 1h}, {.fact = "account.daily", .window = 24h}};
  limit.otherwise = {{.most = 50, .window = 1h}, {.most = 300, .window = 24h}};
  const auto of = [&](std::optional<std::string> hourly, std::optional<std::string> daily) {
    std::string text;
    for (const Allowance& a : allowed(limit, "eva@a.example", std::array{hourly, daily}, 0)) text += text_of(a) + ' ';
    return text;
  };
  EXPECT_EQ(of({}, {}), "50/1h 300/24h ");
  EXPECT_EQ(of({}, "2000"), "2000/24h 50/1h ");  // one window of a length: what two count in is counted twice
  EXPECT_EQ(of("70", {}), "70/1h 300/24h ");
  EXPECT_EQ(of("70", "2000"), "70/1h 2000/24h ");
}

}  // namespace
}  // namespace postern::limits
