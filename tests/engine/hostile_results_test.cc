// FAULTS T18, T19, T30 through the whole engine: what strangers write never becomes a result of ours, and costs little.

#include <gtest/gtest.h>

#include <set>

#include "config/configuration.h"
#include "config/equip.h"
#include "policy/engine/session.h"
#include "policy/mail/authentication_results.h"
#include "policy/mail/edits.h"
#include "tests/checks/breaking_resolver.h"
#include "tests/engine/hostile_values.h"
#include "tests/support/fake_store.h"

namespace postern::test {
namespace {

constexpr const char* kZone =
    "b.example. TXT \"v=spf1 ip4:31.0.0.1 -all\"\n"
    "legit.example. TXT \"v=spf1 -all\"\n"
    "_dmarc.legit.example. TXT \"v=DMARC1; p=none\"\n";

/// A site that watches and refuses nobody.
class Gate {
 public:
  explicit Gate(const std::string& more, const std::string& zone = kZone) : dns(zone) {
    Problems problems;
    auto loaded =
        config::load_text("test",
                          "version: 1\nsite: {hostname: mx.home.example, domains: [home.example]}\n"
                          "rules:\n  - {name: watch, when: spf is pass or dkim is pass or dmarc is pass, tag: seen}\n" +
                              more,
                          ".", {}, problems);
    if (!loaded) throw std::runtime_error(problems.all().at(0).line());
    config::equip(*loaded, {}, config::keep_in_memory(std::make_shared<FakeStore>(), clock, counters), dns, clock,
                  counters);
    policy = loaded->policy;
  }

  /// The header as the message is let through.
  std::vector<HeaderField> judge(const std::string& mail_from, const std::vector<HeaderField>& header) {
    Session session(services, {.first = policy, .current = {}, .can_adopt = {}});
    session.connect(
        Client{.ip = IpAddress::parse("31.0.0.1"), .name = {}, .ptr = {}, .port = 1, .listener = {}, .local = false},
        nullptr);
    session.mail(Sender{.path = Path::parse("<" + mail_from + ">"),
                        .login = {},
                        .auth_type = {},
                        .declared_size = {},
                        .smtputf8 = false},
                 {}, nullptr);
    session.rcpt({Path::parse("<x@home.example>")}, nullptr);
    for (const HeaderField& field : header) session.header(field);
    session.end_of_headers(nullptr);
    session.body("Hello\r\n");
    const Reaction reaction = session.end_of_message(nullptr);
    EXPECT_EQ(reaction.kind, Reaction::Kind::accept);
    return with_edits(header, reaction.edits);
  }

  BreakingResolver dns;
  SystemClock clock;
  Counters counters;
  std::vector<std::string> lines;
  Log log{LogForm::logfmt, lines};
  Pool pool{"none", 0, 0};
  Services services{clock, log, counters, dns, pool, {}};
  std::shared_ptr<const Policy> policy;
};

/// What a reader who trusts our name takes for found.
std::vector<AuthenticationResult> believed(const std::vector<HeaderField>& header) {
  std::vector<AuthenticationResult> all;
  for (const HeaderField& field : header) {
    if (!field.is("Authentication-Results") || claimed_authserv_id(field.value) != "mx.home.example") continue;
    const auto parsed = parse_authentication_results(field.value);
    EXPECT_TRUE(parsed) << field.value;
    if (parsed) all.insert(all.end(), parsed->results.begin(), parsed->results.end());
  }
  return all;
}

std::string words(const std::vector<AuthenticationResult>& results) {
  std::string text;
  for (const AuthenticationResult& result : results) text += result.method + "=" + result.result + " ";
  return text;
}

TEST(HostileResults, OfTwoHundredSendersSayWhatWeFound) {
  Gate gate("");
  for (const std::string& value : hostile_values()) {
    const auto results = believed(gate.judge(value, {{"From", " a@legit.example"}}));
    ASSERT_EQ(results.size(), 3u) << value;
    EXPECT_TRUE(words(results).ends_with(" dkim=none dmarc=fail ")) << value << ": " << words(results);
    for (const auto& [name, said] : results.front().properties) {
      EXPECT_TRUE(name == "smtp.mailfrom" || name == "smtp.helo") << value << ": " << name;
    }
  }
}

std::vector<HeaderField> with_forged(int results) {
  std::string forged = " mx.home.example; dmarc=pass header.from=legit.example";
  for (int i = 1; i < results; ++i) forged += "; x=y";
  return {{"Authentication-Results", forged},
          {"From", " a@legit.example"},
          {"authentication-results ", forged},
          {"Authentication-Results", " mx.other.example; dmarc=pass header.from=legit.example"}};
}

TEST(HostileResults, WithOurNameAreGoneHoweverManyTheyAre) {
  Gate gate("");
  for (const int count : {1, 17, 100, 10'000}) {
    const auto header = gate.judge("a@b.example", with_forged(count));
    EXPECT_EQ(words(believed(header)), "spf=pass dkim=none dmarc=fail ") << count;
    EXPECT_EQ(header.size(), 3u) << "that of others stays, and proves nothing";
  }
}

TEST(HostileResults, WithOurNameWouldBeBelievedWithoutTheStandingEdits) {
  Gate gate("mode: monitor\n");
  EXPECT_EQ(words(believed(gate.judge("a@b.example", with_forged(1)))), "dmarc=pass dmarc=pass ");
}

// A message with 100 signatures of as many selectors, and how many keys are asked for, or asked for ahead.
std::size_t keys_asked(Gate& gate) {
  std::vector<HeaderField> header{{"From", " a@legit.example"}};
  const std::string hash = "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=";
  for (int i = 0; i < 100; ++i) {
    header.push_back({"DKIM-Signature", " v=1; a=rsa-sha256; d=b.example; s=s" + std::to_string(i) +
                                            "; h=from; bh=" + hash + "; b=" + std::string(172, 'A')});
  }
  const auto results = believed(gate.judge("a@b.example", header));
  std::set<std::string> keys;
  const auto note = [&](const dns::Question& question) {
    if (question.name.text().find("._domainkey.") != std::string::npos) keys.insert(question.name.text());
  };
  for (const Asked& asked : gate.dns.asked) note(asked.question);
  for (const dns::Question& question : gate.dns.prefetched) note(question);
  EXPECT_EQ(results.size(), keys.size() + 2) << "each is told, and those that are not looked at are not";
  return keys.size();
}

TEST(HostileResults, OfAHundredSignaturesCostFiveKeys) {
  Gate gate("");
  EXPECT_EQ(keys_asked(gate), 5u);
  Gate careless("checks: {dkim: {signatures: 16}}\n");
  EXPECT_EQ(keys_asked(careless), 16u) << "it is the limit that holds";
}

}  // namespace
}  // namespace postern::test
