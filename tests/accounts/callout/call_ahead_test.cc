#include "policy/accounts/callout/call_ahead.h"

#include "tests/accounts/callout/callout_world.h"

namespace postern::callout {
namespace {

struct Ahead {
  Ahead() : w("mail.home.example. A 127.1.0.1\nmail.home.example. A 127.1.0.2\n") {
    options.hostname = "mx.home.example";
    options.threads = 0;
    options.times = {.connect = 1s, .command = 1s, .total = 4s};
    serve({"127.1.0.1"});
  }
  void serve(const std::vector<std::string>& hosts) {
    options.servers.clear();
    for (const std::string& host : hosts) {
      const bool is_address = IpAddress::parse(host).has_value();
      options.servers.push_back(*AheadServer::parse("smtp://" + (is_address ? "[" + host + "]" : host) + ":" +
                                                    std::to_string(w.farm.port())));
    }
  }
  Verdict ask(std::string_view address) {
    if (!made) made = std::make_unique<CallAhead>(options, Services{*w.dns, w.store, w.clock, w.counters});
    return made->verify(World::mailbox(address), Deadline(std::chrono::steady_clock::now() + 10s));
  }
  std::string words(std::string_view address) {
    const Verdict verdict = ask(address);
    return std::string(name(verdict.kind)) + " " + std::string(name(verdict.cause));
  }
  World w;
  CallAheadOptions options;
  std::unique_ptr<CallAhead> made;
};

TEST(AheadServer, IsReadFromItsUrl) {
  const auto text = [](const char* url) {
    const auto server = AheadServer::parse(url);
    return server ? server->text() : "none";
  };
  EXPECT_EQ(text("smtp://mail.example.net"), "smtp://mail.example.net:25");
  EXPECT_EQ(text("smtp://MAIL.example.net:2525"), "smtp://mail.example.net:2525");
  EXPECT_EQ(text("smtp://192.0.2.1"), "smtp://[192.0.2.1]:25");
  EXPECT_EQ(text("smtp://[192.0.2.1]:26"), "smtp://[192.0.2.1]:26");
  EXPECT_EQ(text("smtp://[2001:db8::1]"), "smtp://[2001:db8::1]:25");
  for (const char* bad : {"", "smtp://", "mail.example.net", "lmtp://mail.example.net", "smtp://mail.example.net:",
                          "smtp://mail.example.net:0", "smtp://mail.example.net:99999", "smtp://[2001:db8::1",
                          "smtp://[mail.example.net]", "smtp://2001:db8::1", "smtp://a/b", "smtp://[::1]25"})
    EXPECT_EQ(text(bad), "none") << bad;
}

TEST(CallAhead, AsksTheServerThatIsNamed) {
  Ahead a;
  const auto& server = a.w.farm.add("127.1.0.1", {});
  EXPECT_EQ(a.words("user@home.example"), "exists reply");
  EXPECT_EQ(server.commands()[1], "MAIL FROM:<>\r\n");
  a.w.clock.advance(59min);
  EXPECT_TRUE(a.ask("user@home.example").cached);
  EXPECT_EQ(server.connections(), 1);
  a.w.clock.advance(1min);
  EXPECT_TRUE(a.ask("user@home.example").cached);  // … and it is asked again meanwhile
  EXPECT_EQ(server.connections(), 2);
}

TEST(CallAhead, KeepsANoForAFewMinutes) {
  Ahead a;
  const auto& server = a.w.farm.add("127.1.0.1", {.rcpt = "550 5.1.1 no such user\r\n"});
  EXPECT_EQ(a.words("user@home.example"), "missing reply");
  a.w.clock.advance(299s);
  EXPECT_TRUE(a.ask("user@home.example").cached);
  a.w.clock.advance(1s);
  EXPECT_FALSE(a.ask("user@home.example").cached);
  EXPECT_EQ(server.connections(), 2);
}

TEST(CallAhead, SaysWhatSenderItIsToldTo) {
  Ahead a;
  a.options.sender = World::mailbox("postern@home.example");
  const auto& server = a.w.farm.add("127.1.0.1", {});
  EXPECT_EQ(a.words("user@home.example"), "exists reply");
  EXPECT_EQ(server.commands()[1], "MAIL FROM:<postern@home.example>\r\n");
}

TEST(CallAhead, TriesServersAndTheirAddressesInOrder) {
  Ahead a;
  a.serve({"127.1.0.3", "mail.home.example"});
  a.w.farm.add("127.1.0.2", {.rcpt = "550 5.1.1 no such user\r\n"});
  EXPECT_EQ(a.words("user@home.example"), "missing reply");
}

TEST(CallAhead, ABlindServerIsToldApart) {
  Ahead a;
  const auto& server = a.w.farm.add("127.1.0.1", {.other_rcpt = "250 ok\r\n"});
  EXPECT_EQ(a.words("user@home.example"), "accept-all reply");
  EXPECT_EQ(a.words("other@home.example"), "accept-all reply");
  EXPECT_EQ(server.connections(), 1);
}

TEST(CallAhead, AServerThatIsDownIsUnknownAndSoonAskedAgain) {
  Ahead a;
  EXPECT_EQ(a.words("user@home.example"), "unknown unreachable");
  a.w.farm.add("127.1.0.1", {});
  EXPECT_TRUE(a.ask("user@home.example").cached);
  a.w.clock.advance(5s);
  EXPECT_EQ(a.words("user@home.example"), "exists reply");
  a.serve({"nowhere.home.example"});
  a.made.reset();
  EXPECT_EQ(a.words("user@home.example"), "unknown dns");
}

TEST(CallAhead, OneOfOursCannotOptOut) {
  Ahead a;
  const auto& server = a.w.farm.add("127.1.0.1", {.greeting = "220 mx - no callouts please\r\n"});
  EXPECT_EQ(a.words("user@home.example"), "exists reply");
  EXPECT_EQ(server.connections(), 1);
}

}  // namespace
}  // namespace postern::callout
