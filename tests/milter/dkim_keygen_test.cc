#include "milter/cli/dkim_keygen.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "policy/auth/crypto.h"
#include "policy/auth/dkim/key_record.h"
#include "policy/dns/zone_resolver.h"
#include "tests/support/temp_folder.h"

namespace postern::cli {
namespace {

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Ran {
  int status;
  std::string out;
  std::string err;
};
Ran run(const DkimKeygenOptions& options) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = make_dkim_key(options);
  std::fflush(stdout);
  return {status, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

DkimKeygenOptions options(const test::TempFolder& folder) {
  DkimKeygenOptions o;
  o.domain = "A.example";
  o.selector = "s1";
  o.bits = 1024;
  o.out = folder / "key.pem";
  return o;
}

TEST(DkimKeygen, MakesAKeyWhoseRecordIsItsOwn) {
  for (const char* type : {"rsa", "ed25519"}) {
    const test::TempFolder folder;
    auto o = options(folder);
    o.type = type;
    o.bits = 2048;
    o.json = true;
    const Ran ran = run(o);
    ASSERT_EQ(ran.status, kOk) << ran.err;
    const auto json = nlohmann::json::parse(ran.out);
    EXPECT_EQ(json["name"], "s1._domainkey.a.example");
    EXPECT_EQ(json["file"], o.out);
    const auto key = crypto::PrivateKey::from_pem(content(o.out));
    ASSERT_TRUE(key);
    dkim::KeyCache cache;
    const auto record = cache.parse(json["record"]);
    ASSERT_NE(record->key, nullptr) << record->problem;
    const std::string digest(32, 'x');
    EXPECT_TRUE(record->key->verify(crypto::Hash::sha256, digest, *(*key)->sign(crypto::Hash::sha256, digest)));

    const auto zone = dns::ZoneResolver::parse("zone", json["zone"].get<std::string>() + "\n");
    ASSERT_TRUE(zone) << zone.error().message;
    const auto answer =
        (*zone)->query({*dkim::key_name("s1", "a.example"), dns::Type::txt}, Deadline(SteadyTime::max()));
    ASSERT_EQ(answer->texts.size(), 1U);
    EXPECT_EQ(answer->texts[0], json["record"]);
  }
}

TEST(DkimKeygen, WritesAFileThatNobodyElseCanRead) {
  const test::TempFolder folder;
  const mode_t before = ::umask(0);
  EXPECT_EQ(run(options(folder)).status, kOk);
  ::umask(before);
  struct stat file {};
  ASSERT_EQ(::stat((folder / "key.pem").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777, 0600U);
}

TEST(DkimKeygen, NeverWritesOverAFile) {
  const test::TempFolder folder;
  std::ofstream(folder / "key.pem") << "precious";
  const Ran ran = run(options(folder));
  EXPECT_EQ(ran.status, kFailed);
  EXPECT_NE(ran.err.find("is there already"), std::string::npos);
  EXPECT_EQ(content(folder / "key.pem"), "precious");
  auto dangling = options(folder);
  dangling.out = folder / "link";
  std::filesystem::create_symlink(folder / "elsewhere", folder / "link");
  EXPECT_EQ(run(dangling).status, kFailed);
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
  dangling.out = folder / "missing/key.pem";
  EXPECT_EQ(run(dangling).status, kFailed);
}

TEST(DkimKeygen, TellsWhereThingsGoAndShowsNoSecret) {
  const test::TempFolder folder;
  const Ran ran = run(options(folder));
  EXPECT_NE(ran.out.find("\ns1._domainkey.a.example. IN TXT \"v=DKIM1; k=rsa; p="), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("- {domain: a.example, selector: s1, file: " + (folder / "key.pem") + "}"), std::string::npos);
  EXPECT_EQ(ran.out.find("PRIVATE"), std::string::npos);
}

TEST(DkimKeygen, WantsADomainAndASelector) {
  const test::TempFolder folder;
  auto o = options(folder);
  o.domain = "a..example";
  EXPECT_EQ(run(o).status, kUnusable);
  o = options(folder);
  o.selector = "../s1";
  EXPECT_EQ(run(o).status, kUnusable);
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(folder / "key.pem").parent_path()));
}

}  // namespace
}  // namespace postern::cli
