// The command line as a person or a program uses it: what it prints, and how it ends.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/wire/daemon.h"
#include "tests/wire/program.h"

namespace postern::test {
namespace {

using Json = nlohmann::json;

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

TEST(Command, TellsAnOrganization) {
  const Desk desk;
  std::ofstream(desk.zone, std::ios::app) << "_dmarc.bank. TXT \"v=DMARC1; p=reject; psd=y\"\n"
                                             "; FAULT _dmarc.slow.test. SERVFAIL\n";
  EXPECT_EQ(run({"org-domain", "mail.acme.co.uk"}).out, "acme.co.uk\n");
  EXPECT_EQ(Json::parse(run({"org-domain", "co.uk", "--json"}).out).at("organizational_domain"), nullptr);
  EXPECT_EQ(run({"org-domain", "co.uk"}).out, "co.uk has no organizational domain\n");
  EXPECT_EQ(run({"org-domain", "a.b.c.bank", "--zone", desk.zone}).out, "c.bank\n");
  EXPECT_EQ(run({"org-domain", "a.b.c.bank", "--zone", desk.zone, "--model", "psl"}).out, "c.bank\n");
  EXPECT_EQ(Json::parse(run({"org-domain", "a.bank", "--zone", desk.zone, "--json"}).out).at("model"), "rfc9989");
  EXPECT_EQ(run({"org-domain", "a.slow.test", "--zone", desk.zone}).status, 1);
  EXPECT_EQ(run({"org-domain", "no domain"}).status, 2);
  EXPECT_EQ(run({"org-domain", "a.test", "--zone", desk.folder / "missing"}).status, 2);
}

TEST(Command, AsksDmarc) {
  const Desk desk;
  std::ofstream(desk.zone, std::ios::app)
      << "_dmarc.a.test. TXT \"v=DMARC1; p=quarantine; sp=none; np=reject; aspf=s; rua=mailto:r@a.test\"\n"
         "www.a.test. A 192.0.2.1\n_dmarc.b.co.uk. TXT \"v=DMARC1; p=reject; t=y; pct=50\"\n"
         "; FAULT _dmarc.slow.test. SERVFAIL\n";
  const auto ask = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"dmarc", "--zone", desk.zone, "--json", "--from"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return Json::parse(ran.out);
  };
  const Json own = ask({"Eva <eva@a.test>", "--spf", "mail.a.test", "--dkim", "b.test"});
  EXPECT_EQ(own.at("result"), "fail");
  EXPECT_EQ(own.at("author"), "a.test");
  EXPECT_EQ(own.at("policy_tag"), "p");
  EXPECT_EQ(own.at("disposition"), "quarantine");
  EXPECT_EQ(own.at("record").at("aspf"), "s");
  EXPECT_EQ(own.at("record").at("rua"), Json::array({"mailto:r@a.test"}));
  const Json below = ask({"www.a.test", "--dkim", "b.test", "--dkim", "mail.a.test"});
  EXPECT_EQ(below.at("result"), "pass");
  EXPECT_EQ(below.at("dkim_aligned"), true);
  EXPECT_EQ(below.at("spf_aligned"), false);
  EXPECT_EQ(below.at("policy_domain"), "a.test");
  EXPECT_EQ(below.at("organization"), "a.test");
  EXPECT_EQ(below.at("policy"), "none");
  EXPECT_EQ(below.at("policy_tag"), "sp");
  EXPECT_EQ(ask({"gone.a.test"}).at("policy_tag"), "np");
  EXPECT_EQ(ask({"gone.a.test"}).at("disposition"), "reject");
  EXPECT_EQ(ask({"x.b.co.uk"}).at("disposition"), "quarantine");
  EXPECT_EQ(ask({"x.b.co.uk", "--model", "psl"}).at("disposition"), "reject");
  EXPECT_EQ(ask({"slow.test"}).at("result"), "temperror");
  EXPECT_EQ(ask({"good.test"}).at("record"), nullptr);
  EXPECT_EQ(ask({"good.test"}).at("policy"), nullptr);
  EXPECT_EQ(run({"dmarc", "--from", "a.test", "--spf", "a.test", "--zone", desk.zone}).out,
            "pass: SPF is aligned\n  author a.test, of the organization a.test\n"
            "  policy p=quarantine of _dmarc.a.test, disposition none\n  SPF aligned, DKIM not aligned\n");
  EXPECT_EQ(run({"dmarc", "--from", "no domain", "--zone", desk.zone}).status, 2);
  EXPECT_EQ(run({"dmarc", "--from", "a@a.test, b@b.test", "--zone", desk.zone}).status, 2);
  EXPECT_EQ(run({"dmarc", "--from", "a.test", "--spf", "@", "--zone", desk.zone}).status, 2);
  EXPECT_EQ(run({"dmarc", "--from", "a.test", "--model", "other", "--zone", desk.zone}).status, 2);
}

TEST(Command, SealsAMessage) {
  const Desk desk;
  const std::string key = desk.folder / "key.pem";
  const Ran made = run({"dkim", "keygen", "--domain", "site.test", "--selector", "s", "--out", key, "--json"});
  ASSERT_EQ(made.status, 0) << made.err;
  std::ofstream(desk.zone, std::ios::app) << Json::parse(made.out).at("zone").get<std::string>() << "\n";
  const auto seal = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"arc-sign",
                                      desk.message,
                                      "--key",
                                      key,
                                      "--domain",
                                      "site.test",
                                      "--zone",
                                      desk.zone,
                                      "--authserv-id",
                                      "site.test",
                                      "--authentication-results",
                                      "spf=pass"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const Ran first = seal({"--selector", "s", "--now", "1764300000"});
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out.find("ARC-Seal: "), 0u);
  EXPECT_NE(first.out.find("ARC-Authentication-Results: i=1; site.test;\n\tspf=pass\n"), std::string::npos);
  const std::string sealed = first.out + "From: A <a@good.test>\nTo: <b@site.test>\nSubject: x\n\nhello\n";
  std::ofstream(desk.message) << sealed;
  const Json second = Json::parse(seal({"--selector", "s", "--headers", "from:subject", "--json"}).out);
  EXPECT_EQ(second.at("cv"), "pass");
  EXPECT_EQ(second.at("instance"), 2);
  EXPECT_EQ(second.at("fields").size(), 3u);
  EXPECT_NE(second.at("fields").at(1).at("value").get<std::string>().find("h=from:subject;"), std::string::npos);
  std::ofstream(desk.message, std::ios::app) << "changed\n";
  const Ran third = seal({"--selector", "s"});
  EXPECT_NE(third.out.find("cv=fail"), std::string::npos);
  std::ofstream(desk.message) << third.out << sealed;
  const Json dead = Json::parse(seal({"--selector", "s", "--json"}).out);
  EXPECT_EQ(dead.at("cv"), "fail");
  EXPECT_TRUE(dead.at("fields").empty()) << "nobody seals it again";
  EXPECT_EQ(seal({"--selector", "no selector"}).status, 2);
  std::ofstream(key) << "no key\n";
  EXPECT_EQ(seal({"--selector", "s"}).status, 2);
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
