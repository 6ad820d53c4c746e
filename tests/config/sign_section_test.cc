#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "config/configuration.h"
#include "policy/auth/crypto.h"
#include "tests/support/temp_folder.h"

namespace postern::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Loads a configuration with `sign` beside a folder with keys; its problems.
class SignSection : public testing::Test {
 protected:
  SignSection() {
    write("p.yaml", "accounts:\n  eva@a.example: {}\n");
    write("rsa.pem", crypto::PrivateKey::generate(crypto::KeyType::rsa, 1024).value()->pem());
    write("ed.pem", crypto::PrivateKey::generate(crypto::KeyType::ed25519).value()->pem());
    write("junk.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    write("open.pem", crypto::PrivateKey::generate(crypto::KeyType::rsa, 1024).value()->pem());
    std::filesystem::permissions(folder_ / "open.pem", std::filesystem::perms(0644));
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    std::filesystem::permissions(folder_ / name, std::filesystem::perms(0600));
  }
  std::vector<std::string> load(const std::string& sign, bool accounts = true) {
    Problems problems;
    const auto configuration =
        load_text("c",
                  "version: 1\nsite: {hostname: mx.a.example, domains: [a.example]}\n" +
                      std::string(accounts ? "accounts: [{name: p, type: file, path: p.yaml}]\n" : "") +
                      "rules: [{name: n, when: always, log: x}]\nsign: " + sign + "\n",
                  folder_.path(), {}, problems);
    signing_ = configuration ? configuration->policy->signing : nullptr;
    std::vector<std::string> messages;
    for (const Problem& problem : problems.sorted()) messages.push_back(problem.message);
    return messages;
  }

  test::TempFolder folder_;
  std::shared_ptr<const Signing> signing_;
};

TEST_F(SignSection, ReadsKeys) {
  EXPECT_THAT(
      load(
          "{keys: [{domain: A.example, selector: S1, file: rsa.pem}, {domain: a.example, selector: e1, file: ed.pem}], "
          "arc: {domain: a.example, selector: s1, file: rsa.pem}}"),
      IsEmpty());
  ASSERT_TRUE(signing_);
  ASSERT_EQ(signing_->keys.size(), 2u);
  EXPECT_EQ(signing_->keys[0].domain, "a.example");
  EXPECT_EQ(signing_->keys[0].selector, "s1");
  EXPECT_TRUE(signing_->seal);
}

TEST_F(SignSection, TellsEveryMistake) {
  EXPECT_THAT(load("{keys: [{domain: a.example, selector: s1, file: none.pem}]}"),
              ElementsAre(HasSubstr("none.pem cannot be read")));
  EXPECT_THAT(load("{keys: [{domain: a.example, selector: s1, file: junk.pem}]}"),
              ElementsAre(HasSubstr("junk.pem: ")));
  EXPECT_THAT(load("{keys: [{domain: a.example, selector: s1}]}"), ElementsAre("a key wants a file"));
  EXPECT_THAT(load("{keys: [{domain: a.example, file: rsa.pem}]}"),
              ElementsAre(HasSubstr("no name that a key could have")));
  EXPECT_THAT(load("{keys: [{domain: a.example, selector: s1, file: rsa.pem, size: 1}]}"),
              ElementsAre(HasSubstr("has no setting \"size\"")));
  EXPECT_THAT(load("{keys: rsa.pem}"), ElementsAre(HasSubstr("sign.keys wants a list of keys")));
  EXPECT_THAT(load("{key: []}"), ElementsAre(HasSubstr("has no setting \"key\"")));
  EXPECT_THAT(load("{arc: {domain: a.example, selector: s1, file: ed.pem}}"), ElementsAre("sign.arc wants an RSA key"));
}

TEST_F(SignSection, WarnsOfAnOpenKeyAndOfMissingAccounts) {
  EXPECT_THAT(load("{keys: [{domain: a.example, selector: s1, file: open.pem}]}"),
              ElementsAre(HasSubstr("everybody on this machine")));
  EXPECT_TRUE(signing_);
  EXPECT_THAT(load("{keys: [{domain: a.example, selector: s1, file: rsa.pem}]}", false),
              ElementsAre(HasSubstr("nothing is signed")));
}

TEST(KeysFor, AreThoseOfTheClosestDomain) {
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::ed25519).value();
  const Signing signing{.keys = {{"a.example", "s1", key}, {"b.a.example", "s2", key}, {"b.a.example", "s3", key}},
                        .seal = {}};
  const auto selectors = [&](const char* author) {
    std::string found;
    for (const dkim::SigningKey* one : keys_for(signing, *Domain::parse(author))) found += one->selector;
    return found;
  };
  EXPECT_EQ(selectors("a.example"), "s1");
  EXPECT_EQ(selectors("c.a.example"), "s1");
  EXPECT_EQ(selectors("x.b.a.example"), "s2s3");
  EXPECT_EQ(selectors("xa.example"), "");
}

}  // namespace
}  // namespace postern::config
