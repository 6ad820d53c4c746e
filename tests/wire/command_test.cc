// The command line as a person or a program uses it: what it prints, and how it ends.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/wire/daemon.h"

extern char** environ;

namespace postern::test {
namespace {

using Json = nlohmann::json;

struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Ran run(const std::vector<std::string>& words) {
  const TempFolder folder;
  std::vector<std::string> all = {POSTERN_BINARY};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, (folder / "out").c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder / "err").c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t pid = -1;
  EXPECT_EQ(posix_spawn(&pid, POSTERN_BINARY, &actions, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), content(folder / "out"),
          content(folder / "err")};
}

// A folder with a policy, a zone and a message.
struct Desk {
  TempFolder folder;
  std::string config = folder / "postern.yaml";
  std::string zone = folder / "zone.txt";
  std::string message = folder / "message.eml";

  Desk() {
    std::ofstream(config)
        << "version: 1\nsite: {hostname: mx.site.test, domains: [site.test], authserv-id: site.test}\n"
           "admin: {socket: "
        << folder / "control.sock"
        << "}\nrules:\n"
           "  - {name: no-mail, when: sender-domain is null-mx, reject: true}\n"
           "  - {name: not-him, when: 'recipient == \"him@site.test\"', reject: {code: 550, text: \"Not him\"}}\n"
           "  - {name: mark, when: always, add_header: {X-Seen: \"{client.ip}\"}}\n"
           "  - {name: watch, when: 'sender.domain == \"good.test\"', reject: true, monitor: true}\n";
    std::ofstream(zone) << "null.test. MX 0 .\ngood.test. MX 10 mx.good.test.\nmx.good.test. A 193.0.0.7\n; FAULT "
                           "slow.test. MX SERVFAIL\n";
    std::ofstream(message) << "From: A <a@good.test>\nTo: <b@site.test>\nSubject: x\n\nhello\n";
  }
  Ran test(std::vector<std::string> options) const {
    std::vector<std::string> words = {"test", message, "-c", config, "--json"};
    words.insert(words.end(), options.begin(), options.end());
    return run(words);
  }
};

TEST(Command, ChecksAConfiguration) {
  const Desk desk;
  EXPECT_EQ(run({"check", "-c", desk.config}).out, desk.config + ": ok\n");
  EXPECT_EQ(run({"check", desk.config}).status, 0);
  EXPECT_NE(run({"check", "--stages", "-c", desk.config}).out.find("no-mail: "), std::string::npos);
  EXPECT_EQ(Json::parse(run({"check", "--json", "-c", desk.config}).out).at("ok"), true);
  std::ofstream(desk.config) << "version: 1\nsite: {domains: [a.test]}\nrulez: []\n";
  const Ran wrong = run({"check", "-c", desk.config});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.out.find(desk.config + ":3:1: "), std::string::npos) << wrong.out;
  EXPECT_EQ(wrong.out.find(": ok"), std::string::npos);
  const Json json = Json::parse(run({"check", "--json", "-c", desk.config}).out);
  EXPECT_EQ(json.at("ok"), false);
  EXPECT_EQ(json.at("problems").back().at("line"), 3);
  EXPECT_EQ(run({"check", "-c", desk.folder / "missing.yaml"}).status, 2);
}

TEST(Command, TestsAMessageOffline) {
  const Desk desk;
  const Ran accepted = desk.test(
      {"--zone", desk.zone, "--client-ip", "203.0.113.9", "--mail-from", "a@good.test", "--rcpt-to", "b@site.test"});
  ASSERT_EQ(accepted.status, 0) << accepted.err;
  const Json ok = Json::parse(accepted.out);
  EXPECT_EQ(ok.at("decision").at("action"), "accept");
  EXPECT_EQ(ok.at("decision").at("code"), 250);
  EXPECT_EQ(ok.at("decision").at("stage"), "end");
  EXPECT_EQ(ok.at("decision").at("would"), "reject watch");
  EXPECT_EQ(ok.at("recipients").at(0).at("address"), "b@site.test");
  EXPECT_EQ(ok.at("findings").at(0).at("check"), "sender-domain");
  EXPECT_EQ(ok.at("findings").at(0).at("outcome"), "ok");
  bool marked = false;
  for (const Json& edit : ok.at("edits"))
    marked =
        marked || (edit.at("kind") == "add_header" && edit.at("name") == "X-Seen" && edit.at("value") == "203.0.113.9");
  EXPECT_TRUE(marked) << accepted.out;

  const Json refused = Json::parse(desk.test({"--zone", desk.zone, "--mail-from", "a@null.test"}).out);
  EXPECT_EQ(refused.at("decision").at("action"), "reject");
  EXPECT_EQ(refused.at("decision").at("rule"), "no-mail");
  EXPECT_EQ(refused.at("decision").at("code"), 550);
  EXPECT_EQ(refused.at("decision").at("enhanced"), "5.7.27");
  EXPECT_EQ(refused.at("recipients").at(0).at("code"), 550);

  const Json split = Json::parse(desk.test({"--zone", desk.zone, "--mail-from", "a@good.test", "--rcpt-to",
                                            "b@site.test", "--rcpt-to", "him@site.test"})
                                     .out);
  EXPECT_EQ(split.at("recipients").at(0).at("code"), 250);
  EXPECT_EQ(split.at("recipients").at(1).at("code"), 550);
  EXPECT_EQ(split.at("recipients").at(1).at("rule"), "not-him");
}

// Without --dns and --zone nothing is known, at once; that costs nobody a 5xx.
TEST(Command, AsksNobodyUnlessTold) {
  const Desk desk;
  const Json json = Json::parse(desk.test({"--mail-from", "a@null.test"}).out);
  EXPECT_NE(json.at("decision").at("action"), "reject");
  EXPECT_EQ(json.at("findings").at(0).at("outcome"), "unavailable");
}

TEST(Command, GivesTheSameForAnyChunk) {
  const Desk desk;
  const auto decision = [&](const char* chunk) {
    return Json::parse(desk.test({"--zone", desk.zone, "--chunk", chunk}).out).at("decision").at("action");
  };
  for (const char* chunk : {"1", "2", "7", "65535"}) EXPECT_EQ(decision(chunk), "accept") << chunk;
}

TEST(Command, TestsAFolderLineByLine) {
  const Desk desk;
  const std::string folder = desk.folder / "batch";
  ASSERT_TRUE(std::filesystem::create_directory(folder));
  std::ofstream(folder + "/1.eml") << "From: a@good.test\nTo: b@site.test\n\nx\n";
  std::ofstream(folder + "/2.eml") << "Return-Path: <a@null.test>\nFrom: a@good.test\nTo: b@site.test\n\nx\n";
  const Ran ran = run({"test", "--batch", folder, "--json-lines", "-c", desk.config, "--zone", desk.zone});
  ASSERT_EQ(ran.status, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::vector<std::string> actions;
  for (std::string line; std::getline(lines, line);) actions.push_back(Json::parse(line).at("decision").at("action"));
  EXPECT_EQ(actions, (std::vector<std::string>{"accept", "reject"}));
}

TEST(Command, EndsWithTwoWhenItIsMisunderstood) {
  const Desk desk;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"fly"},
                                             {"run", "--no-such"},
                                             {"test", "-c", desk.config},
                                             {"test", desk.message, "-c", desk.config, "--client-ip", "me"},
                                             {"test", desk.folder / "none.eml", "-c", desk.config},
                                             {"test", desk.message, "-c", desk.config, "--zone", desk.folder / "none"},
                                             {"run", "-c", desk.folder / "none.yaml"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 2) << ran.out << ran.err;
    EXPECT_FALSE(ran.err.empty() && ran.out.empty());
  }
  for (const char* word : {"--help", "--version", "version", "reference"}) EXPECT_EQ(run({word}).status, 0) << word;
  EXPECT_NE(run({"--help"}).out.find("Exit status"), std::string::npos);
}

TEST(Command, SpeaksWithTheDaemon) {
  Daemon daemon({});
  const std::string config = daemon.folder() / "postern.yaml";
  const Ran status = run({"status", "--json", "-c", config});
  EXPECT_EQ(status.status, 0) << status.err;
  EXPECT_EQ(Json::parse(status.out).at("pid"), daemon.pid());
  EXPECT_NE(run({"status", "-c", config}).out.find("policy: generation 1, enforce"), std::string::npos);
  EXPECT_NE(run({"reload", "-c", config}).out.find("reloaded: generation 2 is in force"), std::string::npos);
  daemon.write_config("version: 2\n");
  const Ran refused = run({"reload", "--socket", daemon.folder() / "control.sock"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.out.find("refused: generation 2 stays in force"), std::string::npos) << refused.out;
  EXPECT_NE(run({"status", "--socket", daemon.folder() / "control.sock"}).out.find("REFUSED"), std::string::npos);
  const Desk desk;
  EXPECT_EQ(run({"status", "-c", desk.config}).status, 1);
  EXPECT_EQ(run({"reload", "-c", desk.config}).status, 1);
}

}  // namespace
}  // namespace postern::test
