// Messages of the RFCs, of Mail::DKIM and of OpenDKIM, where they are at hand.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "policy/auth/dkim/verify.h"
#include "policy/base/text.h"
#include "policy/dns/zone_resolver.h"
#include "tests/auth/message.h"

namespace postern::dkim {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNow = 1'764'300'000;

fs::path suites() {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata" /
         "dkim";
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<Result> verify(const test::Message& message, const Options& options, dns::Resolver& dns, std::size_t chunk,
                           std::int64_t now) {
  BodyHashes bodies;
  const Signatures signatures(message.header, "", options, bodies);
  for (std::string_view rest = message.body; !rest.empty(); rest.remove_prefix(std::min(chunk, rest.size())))
    bodies.update(rest.substr(0, chunk));
  bodies.finish();
  KeyCache keys;
  return signatures.verify(message.header, bodies, keys, dns, now, Deadline(SteadyTime::max()));
}

/// The word of the suites for the results of one message, and what was found of each signature.
struct Answer {
  std::string word;
  std::string details;
  bool operator==(const Answer&) const = default;
};

Answer answer(const std::vector<Result>& results) {
  Answer out{results.empty() ? "none" : "not-pass", ""};
  for (const Result& result : results) {
    out.details += fmt::format("{} ({}) ", name(result.status), result.reason);
    if (out.word != "pass" && result.status == Status::temperror) out.word = "temperror";
    if (result.status == Status::pass) out.word = "pass";
  }
  return out;
}

bool holds(std::string_view wanted, std::string_view word) {
  if (wanted == "disputed") return true;
  const auto words = split(wanted, '|');
  return std::find(words.begin(), words.end(), word) != words.end();
}

void run(const std::string& suite, int least) {
  const fs::path folder = suites() / suite;
  if (!fs::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const auto dns = dns::ZoneResolver::parse("zone.txt", read_file(folder / "zone.txt"));
  ASSERT_TRUE(dns) << dns.error().message;
  std::ifstream in(folder / "expected.tsv");
  int checked = 0;
  int preferred = 0;
  for (std::string line; std::getline(in, line);) {
    const auto columns = split(line, '\t');
    if (line.starts_with('#') || columns.size() < 5) continue;
    ++checked;
    const test::Message message = test::read_message(read_file(folder / columns[0]));
    const std::int64_t now = columns[4].empty() ? kNow : std::stoll(std::string(columns[4]));
    bool as_preferred = columns[3].empty();
    for (const bool lenient : {true, false}) {
      const Options options{.lenient = lenient};
      const Answer whole = answer(verify(message, options, **dns, std::string::npos, now));
      const auto wanted = columns[lenient ? 1 : 2];
      EXPECT_TRUE(holds(wanted, whole.word)) << line << "\n" << lenient << ": " << whole.details;
      for (const std::size_t chunk : {1, 7, 4096, 65535})
        EXPECT_EQ(answer(verify(message, options, **dns, chunk, now)), whole) << line << " in pieces of " << chunk;
      as_preferred = as_preferred || whole.details.find(columns[3]) != std::string::npos || whole.word == columns[3];
    }
    if (as_preferred)
      ++preferred;
    else
      std::cout << "another word than " << columns[3] << ": " << columns[0] << "\n";
  }
  EXPECT_GE(checked, least);
  std::cout << suite << ": " << checked << " messages, " << preferred << " with the preferred word\n";
}

TEST(DkimSuite, OfTheRfcs) { run("rfc", 7); }
TEST(DkimSuite, OfMailDkim) { run("mail-dkim", 37); }
TEST(DkimSuite, OfOpenDkim) { run("opendkim", 42); }

}  // namespace
}  // namespace postern::dkim
