// Real mail and published forgeries, where they are at hand: what from-domain makes of their From fields.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "policy/base/text.h"
#include "tests/support/world.h"

namespace postern {
namespace {

namespace fs = std::filesystem;

/// $POSTERN_SHARED, or `shared` beside the project.
fs::path data() {
  const char* shared = ::getenv("POSTERN_SHARED");
  return (shared != nullptr ? fs::path(shared) : fs::path(POSTERN_SOURCE_DIR).parent_path() / "shared") / "testdata";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Of a message as a file: without an mbox line, up to the empty line.
std::string header_of(std::string message) {
  std::erase(message, '\r');
  if (message.starts_with("From ")) message.erase(0, message.find('\n') + 1);
  return message.substr(0, message.find("\n\n"));
}

struct Count {
  int messages = 0, malformed = 0, ambiguous = 0, missing = 0, other = 0;
};

Count judge_all(const fs::path& folder) {
  test::World world("");  // no domain exists: what is left is the field
  Count count;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".eml") continue;
    ++count.messages;
    const std::string outcome = world.check("from-domain", header_of(read(entry.path())));
    count.malformed += outcome == "malformed" ? 1 : 0;
    count.ambiguous += outcome == "ambiguous" ? 1 : 0;
    count.missing += outcome == "missing" ? 1 : 0;
    const bool of_domain = outcome == "nxdomain" || outcome == "no-domain" || outcome == "address-literal";
    count.other += of_domain ? 0 : 1;
  }
  return count;
}

TEST(RealMail, HasAnAuthorThatCanBeRead) {
  if (!fs::is_directory(data() / "mail"))
    GTEST_SKIP() << data() / "mail"
                 << " is not there";
  const Count count = judge_all(data() / "mail");
  EXPECT_EQ(count.messages, 1000);
  EXPECT_LE(count.malformed, 3) << "spam with bytes that are no UTF-8, or an impossible literal";
  EXPECT_EQ(count.ambiguous, 0);
  EXPECT_LE(count.other, 5);
}

TEST(TorturedMail, HasOneOutcomeEach) {
  if (!fs::is_directory(data() / "mail-torture"))
    GTEST_SKIP() << data() / "mail-torture"
                 << " is not there";
  const Count count = judge_all(data() / "mail-torture");
  EXPECT_GE(count.messages, 230);
  EXPECT_LE(count.malformed + count.ambiguous, 10);
}

// One case of cases.yml: the values of `headers:`, which stand in one line each.
struct Forgery {
  std::string id, kind, header;
};

// 'text' or "text" of YAML.
std::string unquoted(std::string_view text) {
  const char quote = text.front();
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote == '\'' && text[i] == '\'') ++i;
    if (quote == '\'' || text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    const auto hex = [&](std::size_t digits) {
      const auto value = static_cast<unsigned>(std::stoul(std::string(text.substr(i + 1, digits)), nullptr, 16));
      i += digits;
      return value;
    };
    if (c == 'r')
      out += '\r';
    else if (c == 'n')
      out += '\n';
    else if (c == 't')
      out += '\t';
    else if (c == 'v')
      out += '\v';
    else if (c == '0')
      out += '\0';
    else if (c == 'e')
      out += '\x1b';
    else if (c == 'x')
      out += static_cast<char>(hex(2));
    else if (c == 'u') {
      const unsigned code = hex(4);
      out += static_cast<char>(0xe0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else
      out += c;
  }
  return out;
}

std::vector<Forgery> forgeries() {
  std::vector<Forgery> all;
  bool in_headers = false;
  const std::string text = read(data() / "spoofing" / "cases.yml");
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("- id: ")) all.push_back({std::string(line.substr(6)), {}, {}});
    if (all.empty()) continue;
    if (line.starts_with("  cls: ")) all.back().kind = line.substr(7);
    if (!line.starts_with("  - ")) in_headers = line == "  headers:";
    if (!in_headers || !line.starts_with("  - ")) continue;
    std::string_view value = line.substr(4);
    const bool quoted =
        value.size() > 1 && (value.front() == '\'' || value.front() == '"') && value.back() == value.front();
    all.back().header += (quoted ? unquoted(value) : std::string(value)) + "\n";
  }
  for (Forgery& forgery : all) std::erase(forgery.header, '\r');
  return all;
}

TEST(Forgeries, OfTheFieldItselfAreTold) {
  if (!fs::is_directory(data() / "spoofing"))
    GTEST_SKIP() << data() / "spoofing"
                 << " is not there";
  test::World world(
      "legit.example. A 8.8.8.1\nattack.example. A 8.8.8.2\nprovider.example. A 8.8.8.3\nxn--lgit-v4d.example. A "
      "8.8.8.4\n"
      "mail.legit.example. A 8.8.8.1\na.b.c.d.e.f.g.legit.example. A 8.8.8.1\n");
  std::string told;
  int cases = 0;
  for (const Forgery& forgery : forgeries()) {
    ++cases;
    const std::string outcome = world.check("from-domain", forgery.header);
    if (outcome != "ok") told += forgery.id + " " + outcome + "\n";
  }
  EXPECT_GE(cases, 80);
  const fs::path golden = fs::path(POSTERN_SOURCE_DIR) / "tests/checks/data/forgeries.txt";
  if (::getenv("POSTERN_WRITE_GOLDEN") != nullptr) std::ofstream(golden) << told;
  EXPECT_EQ(told, read(golden)) << golden;
}

}  // namespace
}  // namespace postern
