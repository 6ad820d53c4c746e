// `postern test --batch` over a thousand real messages, where they are at hand: no fault, and the same whatever the
// pieces that a body comes in.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "tests/support/temp_folder.h"
#include "tests/wire/program.h"

namespace postern::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

fs::path data() {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata";
}

constexpr const char* kPresets = "  - include: presets/inbound.yaml\n  - include: presets/submission.yaml\n";
// Nobody is refused, so that every body is read, and the seal says what was read.
constexpr const char* kSealed = "  - {name: watch, when: dkim is pass or dmarc is pass or arc is pass, tag: seen}\n";

class Desk {
 public:
  explicit Desk(const std::string& rules) {
    const std::string key = folder_ / "key.pem";
    EXPECT_EQ(run({"dkim", "keygen", "--domain", "site.test", "--selector", "s1", "--out", key}).status, 0);
    std::ofstream(config_) << "version: 1\nsite: {hostname: mx.site.test, domains: [site.test]}\n"
                              "sign:\n  arc: {domain: site.test, selector: s1, file: key.pem}\nrules:\n"
                           << rules;
  }
  /// One line a file, without what is never the same twice: ids and times.
  std::vector<std::string> judge(const fs::path& batch, const std::string& chunk, const std::string& now = "1790000000",
                                 const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"test",  "--batch", batch.string(), "--json-lines", "-c",
                                      config_, "--chunk", chunk,          "--now",        now};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    static const std::regex kId(R"(\([0-9a-hjkmnp-tv-z]{12}\))");
    std::vector<std::string> lines;
    std::istringstream in(ran.out);
    for (std::string line; std::getline(in, line);) {
      Json json = Json::parse(line);
      json["decision"].erase("id");
      for (Json& finding : json["findings"]) {
        finding.erase("ms");
        EXPECT_EQ(finding["reason"].get<std::string>().find("internal error"), std::string::npos) << line;
      }
      lines.push_back(std::regex_replace(json.dump(), kId, "(*)"));
    }
    return lines;
  }

 private:
  const TempFolder folder_;
  const std::string config_ = folder_ / "postern.yaml";
};

std::size_t files_in(const fs::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) files += entry.is_regular_file() ? 1 : 0;
  return files;
}

std::size_t with(const std::vector<std::string>& lines, std::string_view text) {
  std::size_t count = 0;
  for (const std::string& line : lines) count += line.find(text) != std::string::npos ? 1 : 0;
  return count;
}

void expect_the_same_at_any_chunk(const Desk& desk, const fs::path& folder) {
  const std::vector<std::string> whole = desk.judge(folder, "65535");
  EXPECT_EQ(whole.size(), files_in(folder));
  for (const char* chunk : {"1", "7", "4096"}) EXPECT_EQ(desk.judge(folder, chunk), whole) << chunk;
}

TEST(Batch, OfAThousandRealMessagesIsTheSameAtAnyChunk) {
  const fs::path corpus = data() / "mail" / "corpus";
  if (!fs::exists(corpus)) GTEST_SKIP() << corpus << " is not there";
  const Desk presets(kPresets), sealed(kSealed);
  std::size_t messages = 0, seals = 0;
  for (const char* kind : {"ham", "spam"}) {
    expect_the_same_at_any_chunk(presets, corpus / kind);
    expect_the_same_at_any_chunk(sealed, corpus / kind);
    messages += files_in(corpus / kind);
    seals += with(sealed.judge(corpus / kind, "4096"), "ARC-Message-Signature");
  }
  EXPECT_GE(messages, 1000u);
  EXPECT_EQ(seals, messages) << "each body was read";
  const fs::path ham = corpus / "ham";
  EXPECT_NE(sealed.judge(ham, "4096", "1790000001"), sealed.judge(ham, "4096")) << "a difference is seen";
}

TEST(Batch, OfSignedMailVerifiesTheSameAtAnyChunk) {
  const fs::path suites = data() / "dkim";
  if (!fs::exists(suites)) GTEST_SKIP() << suites << " is not there";
  const Desk desk(kSealed);
  std::size_t passes = 0;
  for (const char* suite : {"mail-dkim", "opendkim", "rfc"}) {
    const std::vector<std::string> keys{"--zone", suites / suite / "zone.txt", "--dkim-lenient"};
    const auto judge = [&](const char* chunk) { return desk.judge(suites / suite, chunk, "1764300000", keys); };
    const std::vector<std::string> whole = judge("65535");
    EXPECT_EQ(whole.size(), files_in(suites / suite));
    for (const char* chunk : {"1", "7", "4096"}) EXPECT_EQ(judge(chunk), whole) << suite << " " << chunk;
    passes += with(whole, "dkim=pass");
  }
  EXPECT_GE(passes, 20u);
}

}  // namespace
}  // namespace postern::test
