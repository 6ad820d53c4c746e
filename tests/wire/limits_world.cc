#include "tests/wire/limits_world.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

namespace postern::test {

namespace {

bool passes(const std::string& told) { return told == "continue" || told == "none"; }

}  // namespace

LimitsWorld::LimitsWorld(const std::string& limits, const std::string& rules, const std::string& sections)
    : setup{.rules = rules, .sections = sections_of(limits, sections)}, further_(sections) {
  std::filesystem::create_directory(folder / "store");
  daemon_.emplace(setup, folder);
}

std::string LimitsWorld::sections_of(const std::string& limits, const std::string& further) {
  const std::string store = further.find("store:") == std::string::npos ? "store: {path: store/postern.db}\n" : "";
  return store + further + "limits:\n" + limits;
}

void LimitsWorld::reload(const std::string& limits) {
  setup.sections = sections_of(limits, further_);
  daemon_->configure(setup);
  const Json answer = Json::parse(daemon_->ask("reload"), nullptr, false);
  EXPECT_TRUE(answer.is_object() && answer.value("ok", false)) << answer;
}

void LimitsWorld::restart(int signal) {
  daemon_->signal(signal);
  EXPECT_TRUE(daemon_->ended(30s));
  daemon_.emplace(setup, folder);
}

MilterClient::Macros LimitsWorld::logged_in(const std::string& login) {
  return {{"{auth_authen}", login}, {"{auth_type}", "PLAIN"}};
}

MilterClient LimitsWorld::begin(const std::string& login) const {
  MilterClient client = daemon_->client();
  client.greet();
  EXPECT_TRUE(passes(client.mail("<" + login + ">", logged_in(login))));
  return client;
}

std::string LimitsWorld::send(const std::string& login, int recipients) const {
  MilterClient client = daemon_->client();
  client.greet();
  const std::string told = client.mail("<" + login + ">", logged_in(login));
  return passes(told) ? finish(client, recipients) : told.substr(0, told.rfind(" ("));
}

std::string LimitsWorld::finish(MilterClient& client, int recipients) {
  std::string refusal;
  const auto step = [&refusal](const std::string& told) {
    if (refusal.empty() && !passes(told)) refusal = told.substr(0, told.rfind(" ("));
  };
  for (int i = 0; i < recipients && refusal.empty(); ++i) step(client.rcpt("<r" + std::to_string(i) + "@far.test>"));
  if (refusal.empty()) step(client.data());
  if (refusal.empty()) step(client.header("Subject", "hello"));
  if (refusal.empty()) step(client.end_of_headers());
  if (refusal.empty()) step(client.end_of_message().verdict);
  if (!refusal.empty()) client.abort();
  return refusal;
}

Ran LimitsWorld::postern(std::vector<std::string> words) const {
  words.insert(words.end(), {"--socket", folder / "control.sock"});
  return run(words);
}

LimitsWorld::Json LimitsWorld::postern_json(std::vector<std::string> words) const {
  words.emplace_back("--json");
  return Json::parse(postern(std::move(words)).out, nullptr, false);
}

LimitsWorld::Json LimitsWorld::shown(const std::string& key, const std::string& limit) const {
  const Json answer = postern_json({"limits", "show", key});
  if (!answer.is_object()) return {};
  for (const Json& account : answer.value("accounts", Json::array())) {
    if (account.value("limit", "") == limit) return account;
  }
  return {};
}

long LimitsWorld::used(const std::string& key, const std::string& limit) const {
  const Json account = shown(key, limit);
  return account.is_null() ? 0 : account.at("windows").at(0).at("used").get<long>();
}

long LimitsWorld::reserved(const std::string& key, const std::string& limit) const {
  const Json account = shown(key, limit);
  return account.is_null() ? 0 : account.at("reserved").get<long>();
}

}  // namespace postern::test
