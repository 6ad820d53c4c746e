// The store of a running daemon: what outlives what (FAULTS T65 to T67).

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/tmpfs.h"
#include "tests/wire/daemon.h"

namespace postern::test {
namespace {

// Its rule is there so that recipients are asked about.
Daemon::Setup setup(const std::string& store = "store: {path: store/postern.db}\n") {
  return {.rules = "  - {name: none, when: 'recipient == \"none@site.test\"', reject: true}\n", .sections = store};
}

class StoreOfTheDaemon : public testing::Test {
 protected:
  StoreOfTheDaemon() { std::filesystem::create_directory(folder / "store"); }
  std::string file() const { return folder / "store/postern.db"; }
  // Recipients that the MTA refuses itself, which are counted in the store; whether the dialogue goes on as ever.
  static bool misses(const Daemon& daemon, int count) {
    MilterClient c = daemon.client();
    c.greet();
    c.mail("<a@x.test>");
    bool well = true;
    for (int i = 0; i < count; ++i) well = c.rcpt("<n@site.test>", {{"{rcpt_mailer}", "error"}}) == "continue" && well;
    return c.rcpt("<b@site.test>", {{"{rcpt_mailer}", "local"}}) == "continue" && well;
  }

  const TempFolder folder;
};

TEST_F(StoreOfTheDaemon, IsPrivateAndOutlivesSigkill) {
  {
    Daemon daemon(setup(), folder);
    struct stat status {};
    ASSERT_EQ(::stat(file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_TRUE(misses(daemon, 15));
    std::this_thread::sleep_for(300ms);  // by then it stands in the file
    EXPECT_EQ(daemon.said("event=harvest"), 0U);
    daemon.signal(SIGKILL);
    EXPECT_EQ(daemon.ended(), 128 + SIGKILL);
  }
  Daemon again(setup(), folder);
  EXPECT_TRUE(misses(again, 5));
  EXPECT_TRUE(again.says("event=harvest level=warning client_net=192.0.2.0/24 misses=20")) << again.log();
  EXPECT_EQ(again.said("event=store"), 0U) << again.log();
}

TEST_F(StoreOfTheDaemon, WithoutAFileForgetsWhoTriesAddresses) {
  for (int i = 0; i < 2; ++i) {
    Daemon daemon(setup(""), folder);
    EXPECT_TRUE(misses(daemon, 15));
    EXPECT_EQ(daemon.said("event=harvest"), 0U);
  }
}

TEST_F(StoreOfTheDaemon, ACorruptFileIsMovedAsideAndTold) {
  std::ofstream(file()) << std::string(100'000, '\xa5');
  Daemon daemon(setup(), folder);
  EXPECT_TRUE(daemon.says("event=store level=warning")) << daemon.log();
  EXPECT_EQ(daemon.said("event=store"), 1U) << daemon.log();
  EXPECT_TRUE(misses(daemon, 20));
  EXPECT_TRUE(daemon.says("event=harvest"));
  int aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "store"))
    aside += entry.path().filename().string().starts_with("postern.db.corrupt-");
  EXPECT_EQ(aside, 1);
}

TEST_F(StoreOfTheDaemon, ADiskThatIsReadOnlyCostsNobodyAnything) {
  Tmpfs disk(folder / "store");
  if (!disk.mounted()) GTEST_SKIP() << "the right to mount a tmpfs is missing";
  ASSERT_TRUE(disk.read_only(true));
  Daemon daemon(setup(), folder);
  EXPECT_TRUE(daemon.says("event=store level=error text=\"in memory alone: ")) << daemon.log();
  EXPECT_TRUE(misses(daemon, 20));
  EXPECT_TRUE(daemon.says("event=harvest"));
  std::this_thread::sleep_for(2s);
  EXPECT_EQ(daemon.said("event=store"), 1U) << daemon.log();
  ASSERT_TRUE(disk.read_only(false));
  EXPECT_TRUE(daemon.says("event=store level=info text=\"is written again\"", 30s)) << daemon.log();
}

TEST_F(StoreOfTheDaemon, ADiskThatIsFullCostsNobodyAnything) {
  Tmpfs disk(folder / "store");
  if (!disk.mounted()) GTEST_SKIP() << "the right to mount a tmpfs is missing";
  Daemon daemon(setup(), folder);
  EXPECT_TRUE(misses(daemon, 5));
  std::this_thread::sleep_for(300ms);
  disk.fill();
  const auto tells = [&] {
    EXPECT_TRUE(misses(daemon, 500));
    return daemon.said("event=store level=error") > 0;
  };
  EXPECT_TRUE(comes_true(20s, tells)) << daemon.log();
  EXPECT_EQ(daemon.said("event=harvest"), 1U);
  EXPECT_TRUE(misses(daemon, 100));
  EXPECT_EQ(daemon.said("event=store"), 1U) << daemon.log();
  std::filesystem::remove(folder / "store/ballast");
  EXPECT_TRUE(daemon.says("event=store level=info text=\"is written again\"", 30s)) << daemon.log();
}

TEST_F(StoreOfTheDaemon, WithoutItsFolderTheDaemonSaysSo) {
  Daemon daemon({.sections = "store: {path: nowhere/postern.db}\n", .wait_until_ready = false}, folder);
  const auto status = daemon.ended();
  ASSERT_TRUE(status);
  EXPECT_NE(*status, 0);
  EXPECT_NE(daemon.log().find("the folder of the store does not exist"), std::string::npos) << daemon.log();
}

}  // namespace
}  // namespace postern::test
