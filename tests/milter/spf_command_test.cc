#include "milter/cli/spf.h"

#include <gtest/gtest.h>

#include <fstream>

#include "milter/json.h"
#include "tests/support/temp_folder.h"

namespace postern::cli {
namespace {

struct Desk {
  test::TempFolder folder;
  SpfOptions options;

  Desk() {
    options = {.client_ip = "192.0.2.1",
               .helo = "mx.a.example",
               .mail_from = "u@a.example",
               .zone = folder / "zone",
               .helo_identity = false,
               .explain = false,
               .json = true};
    std::ofstream(options.zone) << "a.example. TXT \"v=spf1 ip4:198.51.100.1 exp=why.a.example -all\"\n"
                                   "why.a.example. TXT \"not from %{c}\"\n"
                                   "mx.a.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n";
  }
  std::string text(int status = kOk) const {
    testing::internal::CaptureStdout();
    EXPECT_EQ(ask_spf(options), status);
    return testing::internal::GetCapturedStdout();
  }
  Json answer() const { return Json::parse(text()); }
};

TEST(SpfCommand, SaysWhatWasFound) {
  Desk desk;
  EXPECT_EQ(desk.answer(), Json({{"result", "fail"},
                                 {"domain", "a.example"},
                                 {"identity", "mailfrom"},
                                 {"mechanism", "-all"},
                                 {"reason", "-all of a.example"},
                                 {"explanation", ""},
                                 {"received_spf",
                                  "fail (unknown: -all of a.example) client-ip=192.0.2.1;\n"
                                  "\tenvelope-from=\"u@a.example\"; helo=mx.a.example; receiver=unknown;\n"
                                  "\tidentity=mailfrom; mechanism=-all"}}));
  desk.options.explain = true;
  EXPECT_EQ(desk.answer()["explanation"], "not from 192.0.2.1");
  desk.options.json = false;
  EXPECT_TRUE(desk.text().starts_with("fail: -all of a.example\nnot from 192.0.2.1\nReceived-SPF: fail ("));
}

TEST(SpfCommand, TakesBothIdentities) {
  Desk desk;
  desk.options.helo_identity = true;
  EXPECT_EQ(desk.answer()["result"], "pass");
  EXPECT_EQ(desk.answer()["identity"], "helo");
  desk.options.helo_identity = false;
  for (const char* null : {"", "<>"}) {
    desk.options.mail_from = null;
    EXPECT_EQ(desk.answer()["domain"], "mx.a.example");
    EXPECT_EQ(desk.answer()["identity"], "mailfrom");
  }
  desk.options.mail_from = "<u@gone.example>";
  EXPECT_EQ(desk.answer()["result"], "none") << "the zone is all of DNS";
}

TEST(SpfCommand, TellsWhatIsWrong) {
  Desk desk;
  desk.options.client_ip = "192.0.2";
  testing::internal::CaptureStderr();
  EXPECT_EQ(desk.text(kUnusable), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "postern: --client-ip: \"192.0.2\" is no address\n");
  desk.options.client_ip = "192.0.2.1";
  std::ofstream(desk.options.zone) << "a.example. A 1\n";
  testing::internal::CaptureStderr();
  desk.text(kUnusable);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("/zone:1:"), std::string::npos);
}

}  // namespace
}  // namespace postern::cli
