#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "config/configuration.h"
#include "tests/support/temp_folder.h"

namespace postern::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

constexpr std::string_view kSite = "site: {hostname: mx.example.org, domains: [example.org]}\n";
constexpr std::string_view kNothing = "rules: [{name: nothing, when: always, log: \"-\"}]\n";

/// A folder that goes away with the test, and what is written into it.
class Folder : public test::TempFolder {
 public:
  std::string write(const std::string& name, std::string_view text) const {
    const std::string file = *this / name;
    fs::create_directories(fs::path(file).parent_path());
    std::ofstream(file) << text;
    return file;
  }
};

std::vector<std::string> lines(const Problems& problems) {
  std::vector<std::string> result;
  for (const Problem& p : problems.sorted()) result.push_back(p.line());
  return result;
}

/// The lines told about a text; "loaded" or "not loaded" goes last.
std::vector<std::string> told(std::string text, const std::string& folder = {}) {
  Problems problems;
  const auto configuration = load_text("t.yaml", text, folder, {}, problems);
  std::vector<std::string> result = lines(problems);
  result.emplace_back(configuration ? "loaded" : "not loaded");
  return result;
}

Configuration load(const std::string& text, const std::string& folder = {}) {
  Problems problems;
  auto configuration = load_text("t.yaml", text, folder, {}, problems);
  for (const std::string& line : lines(problems)) ADD_FAILURE() << line;
  return configuration ? *std::move(configuration) : Configuration{};
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Load, SiteAndTwoPresetsAreComplete) {
  const Configuration c =
      load(std::string(kSite) + "rules:\n  - include: presets/inbound.yaml\n  - include: presets/submission.yaml\n");
  ASSERT_NE(c.policy, nullptr);
  EXPECT_EQ(c.policy->mode, Mode::enforce);
  EXPECT_EQ(c.policy->answer_at, Stage::recipient);
  EXPECT_EQ(c.policy->site.hostname, "mx.example.org");
  EXPECT_EQ(c.policy->site.authserv_id, "mx.example.org");
  EXPECT_TRUE(c.policy->site.is_ours(*Domain::parse("example.org"), 0));
  EXPECT_FALSE(c.policy->site.is_ours(*Domain::parse("sub.example.org"), 0));
  EXPECT_EQ(c.policy->site.networks.size(), 2U);
  EXPECT_EQ(c.listen.libmilter_text(), "unix:/run/postern/postern.sock");
  EXPECT_EQ(c.listen.mode, 0660U);
  EXPECT_EQ(c.control_socket, "/run/postern/control.sock");
  EXPECT_EQ(c.policy->rules->rules()[0].name, "inbound/postmaster");
}

TEST(Load, EverySettingArrives) {
  const Configuration c = load(std::string(kNothing) + R"(
version: 1
mode: monitor
answer_at: sender
split: whole
listen: {address: "inet:8891@127.0.0.1", mode: 0600, group: mail, max_sessions: 7, max_callbacks: 8}
site: {hostname: MX.Example.ORG., domains: [example.org], networks: 192.0.2.0/24, submission: [sub], addresses: [192.0.2.1], authserv-id: ar.example.org}
dns: {servers: [192.0.2.53, "192.0.2.54@5353", "[2001:db8::53]@54"], trust_anchor: root.key, zone_files: [a.zone, /b.zone], timeout: 4s,
      cache_entries: 10, least_negative_age: 30s, most_age: 1h, failure_age: 1s, outstanding: 11,
      stale_age: 2h, zone_outstanding: 12, canary: [ns.example.net, Example.ORG]}
admin: {socket: /run/x.sock, evidence_threads: 0, drain: 5s}
log: {form: json, level: warning}
)",
                               "/folder");
  ASSERT_NE(c.policy, nullptr);
  EXPECT_EQ(c.policy->mode, Mode::monitor);
  EXPECT_EQ(c.policy->answer_at, Stage::sender);
  EXPECT_EQ(c.policy->split, rules::Split::whole);
  EXPECT_EQ(c.listen.postfix_text(), "inet:127.0.0.1:8891");
  EXPECT_EQ(c.listen.mode, 0600U);
  EXPECT_EQ(c.listen.group, "mail");
  EXPECT_EQ(c.max_sessions, 7U);
  EXPECT_EQ(c.max_callbacks, 8U);
  const Site& site = c.policy->site;
  EXPECT_EQ(site.hostname, "mx.example.org");
  EXPECT_EQ(site.authserv_id, "ar.example.org");
  EXPECT_EQ(site.networks.size(), 1U);
  EXPECT_THAT(site.submission, ElementsAre("sub"));
  EXPECT_EQ(site.addresses.size(), 1U);
  ASSERT_EQ(c.dns.servers.size(), 3U);
  EXPECT_EQ(c.dns.servers[0].port, 53);
  EXPECT_EQ(c.dns.servers[1].port, 5353);
  EXPECT_EQ(c.dns.servers[2].address, "2001:db8::53");
  EXPECT_EQ(c.dns.servers[2].port, 54);
  EXPECT_EQ(c.dns.trust_anchor, "/folder/root.key");
  EXPECT_THAT(c.dns.zone_files, ElementsAre("/folder/a.zone", "/b.zone"));
  EXPECT_EQ(c.dns.timeout, std::chrono::seconds(4));
  EXPECT_EQ(c.dns.cache_entries, 10U);
  EXPECT_EQ(c.dns.least_negative_age, std::chrono::seconds(30));
  EXPECT_EQ(c.dns.most_age, std::chrono::hours(1));
  EXPECT_EQ(c.dns.failure_age, std::chrono::seconds(1));
  EXPECT_EQ(c.dns.outstanding, 11U);
  EXPECT_EQ(c.dns.stale_age, std::chrono::hours(2));
  EXPECT_EQ(c.dns.zone_outstanding, 12U);
  ASSERT_EQ(c.dns.canary.size(), 2U);
  EXPECT_EQ(c.dns.canary[1].text(), "example.org");
  EXPECT_EQ(c.control_socket, "/run/x.sock");
  EXPECT_EQ(c.evidence_threads, 0U);
  EXPECT_EQ(c.drain, std::chrono::seconds(5));
  EXPECT_EQ(c.log_form, LogForm::json);
  EXPECT_EQ(c.log_level, LogLevel::warning);
}

TEST(Load, HasACanaryUnlessAZoneFileIsTheWholeWorld) {
  const auto names = [](const std::string& dns) {
    Problems problems;
    const auto c = load_text("t.yaml", dns + std::string(kSite) + std::string(kNothing), "", {}, problems);
    return c ? c->dns.canary.size() : 99;
  };
  EXPECT_EQ(names(""), 2U);
  EXPECT_EQ(names("dns: {canary: auto}\n"), 2U);
  EXPECT_EQ(names("dns: {canary: off}\n"), 0U);
  EXPECT_EQ(names("dns: {canary: ns.example.net}\n"), 1U);
  EXPECT_EQ(names("dns: {zone_files: /x}\n"), 0U);
  EXPECT_EQ(names("dns: {zone_files: /x, servers: 192.0.2.1}\n"), 2U);
}

TEST(Load, TellsAllMistakesAtOnce) {
  const std::string folder = POSTERN_TEST_DATA;
  Problems problems;
  EXPECT_FALSE(load_text("ten-mistakes.yaml", read(folder + "/ten-mistakes.yaml"), folder, {}, problems));
  std::string all;
  for (const std::string& line : lines(problems)) all += line + "\n";
  EXPECT_EQ(problems.sorted().size(), 10U);
  for (const Problem& p : problems.sorted()) EXPECT_FALSE(p.hint.empty()) << p.line();
  EXPECT_EQ(all, read(folder + "/ten-mistakes.txt"));
}

TEST(Load, TellsWrongValues) {
  const std::string rest = std::string(kSite) + std::string(kNothing);
  EXPECT_THAT(told("version: 2\n" + rest), ElementsAre(HasSubstr("t.yaml:1:10: "), "not loaded"));
  EXPECT_THAT(told("split: notice\n" + rest),
              ElementsAre("t.yaml:1:8: split notice is not in this version", "not loaded"));
  EXPECT_THAT(told("split: sometimes\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:8: split has no value \"sometimes\" (retry, whole)"), "not loaded"));
  EXPECT_THAT(told("listen: inet:8891\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:9: \"inet:8891\" names no host"), "not loaded"));
  EXPECT_THAT(told("listen: [a, b]\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:9: listen wants one address"), "not loaded"));
  EXPECT_THAT(told("listen: {adress: /run/a.sock}\n" + rest),
              ElementsAre("t.yaml:1:10: listen has no setting \"adress\"; did you mean \"address\"?", "not loaded"));
  EXPECT_THAT(told("listen: {mode: 0999}\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:16: listen.mode: \"0999\" are no permissions"), "not loaded"));
  EXPECT_THAT(told("dns: {servers: [dns.example]}\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:17: dns.servers: \"dns.example\" is no address"), "not loaded"));
  EXPECT_THAT(told("dns: {servers: 192.0.2.1@0}\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:16: dns.servers"), "not loaded"));
  EXPECT_THAT(told("dns: {canary: [a b]}\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:16: dns.canary: \"a b\" is no host name"), "not loaded"));
  EXPECT_THAT(told("dns: [a]\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:6: dns wants settings (a map), not a list"), "not loaded"));
  EXPECT_THAT(told("admin: {socket: run/x}\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:17: admin.socket: "), "not loaded"));
  EXPECT_THAT(told("limits: {user: {per: login}}\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:10: limit \"user\" does not say what it allows"),
                          HasSubstr("warning: no rule reads limit \"user\""), "not loaded"));
  EXPECT_THAT(told("lists: {\"a b\": [x.example]}\n" + rest),
              ElementsAre(HasSubstr("t.yaml:1:9: \"a b\" is no name for a list"), "not loaded"));
  EXPECT_THAT(told("[a, b]\n"),
              testing::Contains(HasSubstr("t.yaml:1:1: a configuration is a map of sections, not a list")));
}

TEST(Load, KnowsWhoWeAre) {
  const std::string rules(kNothing);
  EXPECT_THAT(told("site: {domains: [a.example], hostname: \"a b\"}\n" + rules),
              ElementsAre(HasSubstr("t.yaml:1:40: site.hostname"), "not loaded"));
  EXPECT_THAT(
      told("site: {domains: partners}\nlists: {partner: [a.example]}\n" + rules),
      ElementsAre("t.yaml:1:17: site.domains: there is no list \"partners\"; did you mean \"partner\"?", "not loaded"));
  EXPECT_THAT(told("site: {domains: example.org}\n" + rules),
              ElementsAre("t.yaml:1:17: site.domains: there is no list \"example.org\"; a domain itself stands in "
                          "brackets: [example.org]",
                          "not loaded"));
  EXPECT_THAT(told("site: {hostname: a.example}\n" + rules),
              ElementsAre(HasSubstr("t.yaml:1:7: warning: site.domains is not set"), "loaded"));
  EXPECT_THAT(told("site: {domains: [a.example], networks: [10.0.0.1/8]}\n" + rules),
              ElementsAre(HasSubstr("t.yaml:1:41: site.networks"), "not loaded"));
  EXPECT_THAT(told("site: {domains: [a.example], authserv-id: \"a;b\"}\n" + rules),
              ElementsAre(HasSubstr("t.yaml:1:43: site.authserv-id"), "not loaded"));
  const Configuration c = load("site: {domains: ours}\nlists: {ours: [a.example]}\n" + rules);
  ASSERT_NE(c.policy, nullptr);
  EXPECT_TRUE(c.policy->site.is_ours(*Domain::parse("a.example"), 0));
  EXPECT_EQ(c.lists->find("site.domains"), c.lists->find("ours"));
}

TEST(Load, ReadsAFileListAgainWhenItChanges) {
  const Folder folder;
  const std::string path = folder.write("domains", "a.example\n");
  const Configuration c = load("site: {domains: [\"file:domains\"]}\n" + std::string(kNothing), folder.path());
  ASSERT_NE(c.policy, nullptr);
  const auto ours = [&](const char* name) { return c.policy->site.is_ours(*Domain::parse(name), 0); };
  EXPECT_TRUE(ours("a.example"));
  EXPECT_FALSE(ours("b.example"));
  folder.write("domains", "a.example\nbb.example\n");
  EXPECT_THAT(c.lists->find("site.domains")->refresh(), IsEmpty());
  EXPECT_TRUE(ours("bb.example"));
  folder.write("domains", "c.example\n192.0.2.0/99\n");
  EXPECT_FALSE(c.lists->find("site.domains")->refresh().empty());
  EXPECT_TRUE(ours("bb.example")) << "a broken file keeps the old content";
  EXPECT_FALSE(ours("c.example"));
}

TEST(Load, AMissingListFileIsAWarning) {
  const Folder folder;
  EXPECT_THAT(told("site: {domains: [\"file:gone\"]}\n" + std::string(kNothing), folder.path()),
              ElementsAre(HasSubstr("warning: "), "loaded"));
}

TEST(Load, MergesIncludedFiles) {
  const Folder folder;
  folder.write("lists.yaml", "version: 1\nlists: {partners: [bank.example]}\n");
  folder.write("log.yaml", "log: {form: json}\n");
  const std::string main =
      std::string(kSite) +
      "include: [lists.yaml, log.yaml]\nrules: [{name: p, when: sender.domain in partners, log: x}]\n";
  EXPECT_EQ(load(main, folder.path()).log_form, LogForm::json);

  EXPECT_THAT(
      told(main + "log: {form: logfmt}\n", folder.path()),
      ElementsAre(HasSubstr(folder.path() + "/log.yaml:1:1: the section \"log\" is given twice; first in t.yaml:4"),
                  "not loaded"));
  folder.write("log.yaml", "include: lists.yaml\n");
  EXPECT_THAT(told(main, folder.path()), ElementsAre(HasSubstr("an included file includes no other"), "not loaded"));
  folder.write("log.yaml", "log: [\n");
  EXPECT_THAT(told(main, folder.path()), ElementsAre(HasSubstr(folder.path() + "/log.yaml:1:6: "), "not loaded"));
  fs::remove(folder.path() + "/log.yaml");
  EXPECT_THAT(told(main, folder.path()), ElementsAre(HasSubstr("t.yaml:2:23: "), "not loaded"));
}

TEST(Load, TakesAPresetOfTheAdministrators) {
  const Folder folder;
  folder.write("presets/inbound.yaml", "- {name: mine, when: always, log: x}\n");
  folder.write("local.yaml", "- {name: ours, when: always, log: y}\n");
  const Configuration c =
      load(std::string(kSite) + "rules:\n  - include: presets/inbound.yaml\n  - include: local.yaml\n", folder.path());
  ASSERT_NE(c.policy, nullptr);
  std::vector<std::string> names;
  for (const auto& rule : c.policy->rules->rules()) names.push_back(rule.name);
  EXPECT_THAT(names, ElementsAre("inbound/mine", "local/ours"));
}

TEST(Load, TellsWhatIsWrongInAnIncludedRuleFile) {
  const Folder folder;
  const auto include = [](const std::string& file) {
    return std::string(kSite) + "rules:\n  - include: " + file + "\n";
  };
  EXPECT_THAT(
      told(include("presets/inbuond.yaml"), folder.path()),
      ElementsAre(testing::AllOf(HasSubstr("t.yaml:3:14: "), HasSubstr("did you mean \"presets/inbound.yaml\"?")),
                  "not loaded"));
  EXPECT_THAT(told(include("rules.yaml"), folder.path()),
              ElementsAre(HasSubstr("built in are presets/inbound.yaml, presets/submission.yaml"), "not loaded"));
  folder.write("rules.yaml", "- {name: a, when: sender is, log: x}\n- {name: a, name: b, when: always, log: x}\n");
  EXPECT_THAT(told(include("rules.yaml"), folder.path()),
              testing::Contains(HasSubstr(folder.path() + "/rules.yaml:2:13: \"name\" stands twice")));
  folder.write("rules.yaml", "- include: rules.yaml\n");
  EXPECT_EQ(told(include("rules.yaml"), folder.path()).back(), "not loaded");
}

TEST(Load, MonitorOfTheWholeCannotBeOverruled) {
  const Configuration c =
      load("mode: monitor\n" + std::string(kSite) + "rules: [{name: r, when: always, reject: true, monitor: false}]\n");
  ASSERT_NE(c.policy, nullptr);
  EXPECT_TRUE(c.policy->rules->rules()[0].monitored);
}

TEST(Load, AnEmptyConfigurationIsUsableAndWarned) {
  EXPECT_THAT(told(""), ElementsAre(HasSubstr("site.domains is not set"), HasSubstr("there are no rules"), "loaded"));
}

TEST(Load, TheCommandLinesZoneStandsInsteadOfServers) {
  Problems problems;
  LoadOptions options;
  options.zone_file = "/x.zone";
  options.offline = true;
  options.generation = 9;
  const auto c =
      load_text("t.yaml", "dns: {servers: 192.0.2.1, zone_files: a}\n" + std::string(kSite) + std::string(kNothing),
                "/f", options, problems);
  ASSERT_TRUE(c);
  EXPECT_THAT(c->dns.servers, IsEmpty());
  EXPECT_THAT(c->dns.zone_files, ElementsAre("/x.zone"));
  EXPECT_TRUE(c->dns.offline);
  EXPECT_EQ(c->policy->generation, 9U);
}

TEST(Load, AFileIsReadFromItsFolder) {
  const Folder folder;
  folder.write("domains", "a.example\n");
  const std::string path =
      folder.write("postern.yaml", "site: {domains: [\"file:domains\"]}\n" + std::string(kNothing));
  Problems problems;
  EXPECT_TRUE(load_file(path, {}, problems));
  EXPECT_THAT(lines(problems), IsEmpty());
  EXPECT_FALSE(load_file(folder.path() + "/none.yaml", {}, problems));
  EXPECT_THAT(lines(problems), ElementsAre(folder.path() + "/none.yaml: cannot be read: No such file or directory"));
}

TEST(Load, WhatIsOfRedisAloneWantsRedis) {
  const auto of = [](const std::string& store) { return told(std::string(kSite) + std::string(kNothing) + store); };
  EXPECT_THAT(
      of("store: {servers: [\"127.0.0.1:6379\"], nodes: 2}\n"),
      ElementsAre("t.yaml:3:18: store.servers is of redis alone; write type: redis, or leave it out",
                  "t.yaml:3:45: store.nodes is of redis alone; write type: redis, or leave it out", "not loaded"));
  EXPECT_THAT(of("store: {type: redis}\n"),
              ElementsAre("t.yaml:3:8: store: redis needs servers; servers: [10.0.0.5:6379]", "not loaded"));
  EXPECT_THAT(
      of("store: {type: redis, servers: [\"h:6379:1\"]}\n"),
      ElementsAre(HasSubstr("\"h:6379:1\" is no server: host:port, [address]:port or unix:/path"), "not loaded"));
}

TEST(Load, WhatCannotBeReachedHereIsAWarning) {
  const auto of = [](const std::string& rest) { return told(std::string(kSite) + std::string(kNothing) + rest); };
  EXPECT_THAT(of("store: {path: /no/such/folder/store.db}\n"),
              ElementsAre(HasSubstr("store.path: the folder of the store does not exist: /no/such/folder"), "loaded"));
  EXPECT_THAT(of("notices: {command: [/no/such/program], webhook_token_file: /no/such/token}\n"),
              ElementsAre(HasSubstr("notices.command: /no/such/program cannot be run: No such file"),
                          HasSubstr("notices.webhook_token_file: /no/such/token: "), "loaded"));
  EXPECT_THAT(of("notices: {webhook: \"https://h:99999/x\"}\n"), ElementsAre(HasSubstr("is no URL"), "not loaded"));
  EXPECT_THAT(of("notices: {webhook: \"https://\"}\n"), ElementsAre(HasSubstr("is no URL"), "not loaded"));
}

/// The daemon that runs is to be found when its file has become wrong.
TEST(Load, TheControlSocketIsFoundWhateverElseIsWrong) {
  const Folder folder;
  Problems problems;
  EXPECT_EQ(control_socket_of(folder.write("a.yaml", "admin: {socket: /run/mine.sock}\nlimits: {a: {allow: 500/0h}}\n"),
                              problems),
            "/run/mine.sock");
  EXPECT_EQ(control_socket_of(folder.write("b.yaml", "mode: enforce\n"), problems), "/run/postern/control.sock");
  EXPECT_THAT(lines(problems), IsEmpty());
  EXPECT_EQ(control_socket_of(folder.write("c.yaml", "admin: {socket: /run/mine.sock\n"), problems), std::nullopt);
  EXPECT_FALSE(problems.usable());
}

}  // namespace
}  // namespace postern::config
