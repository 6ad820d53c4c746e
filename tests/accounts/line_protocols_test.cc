#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "policy/accounts/tables/socketmap.h"
#include "policy/accounts/tables/tcp_table.h"
#include "tests/accounts/conformance.h"
#include "tests/accounts/direct_source.h"
#include "tests/accounts/line_server.h"
#include "tests/support/temp_folder.h"

namespace postern::accounts {
namespace {

using conformance::soon;
using std::chrono::milliseconds;

std::optional<std::string> value_of(std::string_view key) {
  for (const auto& [known, value] : conformance::kTable) {
    if (known == key) return std::string(value);
  }
  return std::nullopt;
}

// A server of the whole protocol, strict: what is no request ends the connection.
std::string socketmap_server(std::string& received) {
  const std::size_t colon = received.find(':');
  if (colon == std::string::npos) return "";
  const std::size_t length = std::stoul(received);
  if (received.size() < colon + length + 2) return "";
  const std::string request = received.substr(colon + 1, length);
  if (received[colon + 1 + length] != ',' || !request.starts_with("owners ")) return "CLOSE";
  received.erase(0, colon + length + 2);
  const auto value = value_of(request.substr(7));
  const std::string answer = value ? "OK " + *value : "NOTFOUND ";
  return fmt::format("{}:{},", answer.size(), answer);
}

std::string tcp_server(std::string& received) {
  std::string answers;
  for (std::size_t end = 0; (end = received.find('\n')) != std::string::npos; received.erase(0, end + 1)) {
    const std::string line = received.substr(0, end);
    if (!line.starts_with("get ") || line.find_first_of(" \t\r", 4) != std::string::npos) return "CLOSE";
    std::string key;
    for (std::size_t i = 4; i < line.size(); ++i) {
      if (line[i] == '%') {
        key += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        key += line[i];
      }
    }
    const auto value = value_of(key);
    answers += value ? "200 " + *value + "\n" : "500 unknown%20key\n";
  }
  return answers;
}

struct World {
  World(LineServer::Respond respond, bool socketmap, milliseconds patience = milliseconds(5000))
      : respond_(std::move(respond)), endpoint(*Endpoint::parse("unix:" + (folder / "socket"))) {
    if (socketmap) {
      source.emplace(std::make_shared<Socketmap>(endpoint, "owners"), patience);
    } else {
      source.emplace(std::make_shared<TcpTable>(endpoint), patience);
    }
    start();
  }
  void start() { server.emplace(folder / "socket", "", respond_); }
  Reply ask(const std::string& key) { return source->find({Lookup::value, key}, soon()); }
  std::string problem(const std::string& key = "a") {
    const Reply reply = ask(key);
    return reply.status == Reply::Status::failed ? reply.problem : "no failure";
  }
  void check() {
    conformance::World world;
    world.kill = [this] { server.reset(); };
    world.revive = [this] { start(); };
    conformance::check_table(*source, world);
  }

  test::TempFolder folder;
  LineServer::Respond respond_;
  Endpoint endpoint;
  std::optional<LineServer> server;
  std::optional<DirectSource> source;
};

/// Says the same to everything.
LineServer::Respond says(std::string what) {
  return [what](std::string& received) {
    received.clear();
    return what;
  };
}

TEST(Socketmap, IsABackEndAsAllOthers) { World(socketmap_server, true).check(); }

TEST(TcpTable, IsABackEndAsAllOthers) { World(tcp_server, false).check(); }

TEST(Socketmap, TellsTroubleFromAbsence) {
  EXPECT_EQ(World(says("9:TEMP down,"), true).problem(), "socketmap: TEMP down");
  EXPECT_EQ(World(says("8:TIMEOUT ,"), true).problem(), "socketmap: TIMEOUT ");
  EXPECT_EQ(World(says("8:PERM bad,"), true).problem(), "socketmap: PERM bad");
  EXPECT_EQ(World(says("9:NOTFOUND ,"), true).ask("a").status, Reply::Status::absent);
  EXPECT_EQ(conformance::values(World(says("3:OK ,"), true).ask("a"), "value"), std::vector<std::string>{""});
}

TEST(Socketmap, TakesNothingFromAHostileServer) {
  EXPECT_EQ(World(says("CLOSE"), true).ask("a").status, Reply::Status::failed);
  EXPECT_EQ(World(says("3:OK CLOSE"), true).ask("a").status, Reply::Status::failed);  // half an answer
  EXPECT_NE(World(says("garbage without end"), true).problem().find("no netstring"), std::string::npos);
  EXPECT_NE(World(says("-1:x,"), true).problem().find("length"), std::string::npos);
  EXPECT_NE(World(says("9999999:"), true).problem().find("length"), std::string::npos);
  EXPECT_NE(World(says("4:OK x;"), true).problem().find("no netstring"), std::string::npos);
  EXPECT_NE(World(says("5:HELLO,"), true).problem().find("no answer"), std::string::npos);
  EXPECT_EQ(World(says(""), true, milliseconds(50)).ask("a").status, Reply::Status::failed);  // silence
}

// A second answer that nobody asked for would be that of the next question: eva's owner for ceo's address.
TEST(LineProtocols, NeverTakeAnAnswerForAnotherQuestion) {
  World map(says("4:OK x,4:OK y,"), true);
  World tcp(says("200 x\n200 y\n"), false);
  for (World* w : {&map, &tcp}) {
    EXPECT_EQ(conformance::values(w->ask("a"), "value"), std::vector<std::string>{"x"});
    EXPECT_NE(w->problem("b").find("spoke unasked"), std::string::npos);
    EXPECT_EQ(conformance::values(w->ask("b"), "value"), std::vector<std::string>{"x"});  // on a new connection
  }
}

TEST(TcpTable, TellsTroubleFromAbsence) {
  EXPECT_EQ(World(says("400 no%20database\n"), false).problem(), "tcp table: no database");
  EXPECT_EQ(World(says("500\n"), false).ask("a").status, Reply::Status::absent);
  EXPECT_EQ(conformance::values(World(says("200 a%2Cb%25\r\n"), false).ask("a"), "value"),
            std::vector<std::string>{"a,b%"});
}

TEST(TcpTable, TakesNothingFromAHostileServer) {
  EXPECT_NE(World(says("200 a%2\n"), false).problem().find("no answer"), std::string::npos);
  EXPECT_NE(World(says("200 a%zz\n"), false).problem().find("no answer"), std::string::npos);
  EXPECT_NE(World(says("2000 x\n"), false).problem().find("no answer"), std::string::npos);
  EXPECT_NE(World(says("\n"), false).problem().find("no answer"), std::string::npos);
  EXPECT_NE(World(says("hello\n"), false).problem().find("no answer"), std::string::npos);
  EXPECT_EQ(World(says("200 half aCLOSE"), false).ask("a").status, Reply::Status::failed);
  EXPECT_EQ(World(says(std::string(100'000, 'x')), false).ask("a").status, Reply::Status::failed);  // endless line
  EXPECT_EQ(World(says(""), false, milliseconds(50)).ask("a").status, Reply::Status::failed);
}

TEST(Endpoint, IsAnAddressOrAPath) {
  EXPECT_EQ(Endpoint::parse("inet:127.0.0.1:25")->text(), "127.0.0.1 port 25");
  EXPECT_EQ(Endpoint::parse("inet:localhost:25")->text(), "127.0.0.1 port 25");
  EXPECT_EQ(Endpoint::parse("inet:[::1]:25")->text(), "::1 port 25");
  EXPECT_EQ(Endpoint::parse("unix:/a")->text(), "/a");
  for (const char* wrong : {"", "inet:", "inet:x:25", "inet:127.0.0.1", "inet:127.0.0.1:0", "inet:127.0.0.1:65536",
                            "inet:127.0.0.1:25x", "unix:a", "/a"})
    EXPECT_FALSE(Endpoint::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace postern::accounts
