// Published ways to be seen as somebody else, where they are at hand: none passes for the forger's own.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>

#include "policy/mail/encoded_word.h"
#include "tests/accounts/identity_world.h"

namespace postern::accounts {
namespace {

namespace fs = std::filesystem;

/// $POSTERN_SHARED, or `shared` beside the project.
fs::path cases() {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata" /
         "spoofing" / "cases.yml";
}

std::string header_of(const YAML::Node& one) {
  std::string header;
  for (const YAML::Node& line : one["headers"]) header += line.as<std::string>() + "\n";
  std::erase(header, '\r');
  return header;
}

bool passes(const Verdict& verdict) { return verdict.identity < Identity::unsure; }

// What a reader could be shown as the author: the From fields, decoded, as they stand.
std::string shown(std::string_view header) {
  std::string out;
  for (const HeaderField& field : test::fields_of(header)) {
    if (field.is("From")) out += as_seen(decode_words(field.unfolded()));
  }
  return ascii_lower(out);
}

TEST(Spoofing, ByAuthenticatedSendersIsRefused) {
  if (!fs::exists(cases())) GTEST_SKIP() << cases() << " is not there";
  test::IdentityWorld world;
  int authenticated = 0;
  for (const YAML::Node& one : YAML::LoadFile(cases())["cases"]) {
    if (!one["smtp_auth"]) continue;
    ++authenticated;
    const Path mail_from = Path::parse(one["mail_from"].as<std::string>());
    const HeaderAddresses header = read_addresses(test::fields_of(header_of(one)));
    EXPECT_GE(world.verdict(one["smtp_auth"].as<std::string>(), &mail_from, &header).identity, Identity::foreign)
        << one["id"];
  }
  EXPECT_GE(authenticated, 2);
}

// The forger has an account, and every address of its domain and below.
TEST(Spoofing, OfTheAuthorNeverPassesUnseen) {
  if (!fs::exists(cases())) GTEST_SKIP() << cases() << " is not there";
  test::IdentityWorld world;
  world.mailboxes->login("any@attack.example").grants = {".attack.example"};
  int tried = 0, told = 0;
  for (const YAML::Node& one : YAML::LoadFile(cases())["cases"]) {
    const std::string header = header_of(one);
    const Verdict verdict = world.verdict("any@attack.example", header);
    ++tried;
    told += passes(verdict) ? 0 : 1;
    const bool is_seen = shown(header).find("legit.example") != std::string::npos;
    EXPECT_TRUE(!passes(verdict) || !is_seen || verdict.display_name) << one["id"] << ": " << shown(header);
  }
  EXPECT_GE(tried, 84);
  EXPECT_GE(told, 60);
}

}  // namespace
}  // namespace postern::accounts
