#include "policy/store/redis/connection.h"

#include <cstdlib>
#include <thread>

#include "policy/store/redis/opening.h"
#include "policy/store/redis/sha1.h"
#include "tests/store/fake_redis.h"
#include "tests/store/store_world.h"
#include "tests/support/redis_server.h"

namespace postern::store::redis {
namespace {

using namespace std::chrono_literals;

Options options_of(std::vector<Server> servers, std::chrono::milliseconds timeout = 2s) {
  Options options;
  options.servers = std::move(servers);
  options.timeout = timeout;
  return options;
}

/// A connection, and what it says.
struct Asker {
  explicit Asker(const Options& options) : connection(Connection::make(options, counters).value()) {}

  bool up() {
    return eventually([&] { return connection->is_up(); });
  }
  static Deadline soon(std::chrono::milliseconds in = 5s) { return Deadline(std::chrono::steady_clock::now() + in); }
  std::string ask(const Command& command, std::chrono::milliseconds in = 5s) {
    return text(connection->ask({&command, 1}, soon(in))[0]);
  }
  static std::string text(const Reply& reply) {
    switch (reply.type) {
      case Reply::Type::unavailable: return "unavailable: " + reply.text;
      case Reply::Type::nil: return "nil";
      case Reply::Type::integer: return std::to_string(reply.integer);
      case Reply::Type::text: return reply.text;
      case Reply::Type::error: return "error: " + reply.text;
      case Reply::Type::array: break;
    }
    std::string all = "[";
    for (const Reply& element : reply.elements) all += text(element) + " ";
    return all + "]";
  }
  void tell(Command command) { connection->tell({&command, 1}); }
  std::int64_t counted(std::string_view name) { return counters.get(name).value(); }
  std::string problem() const { return connection->health().problem; }

  Counters counters;
  std::shared_ptr<Connection> connection;
};

Command get(std::string_view key) { return std::move(Command("GET").key(key)); }
Command set(std::string_view key, std::string_view value) {
  return std::move(Command("SET").key(key).arg(value).repeatable());
}

#define NEEDS_REDIS()                                                             \
  if (const std::string missing = test::RedisServer::missing(); !missing.empty()) \
  GTEST_SKIP() << missing << " is not installed"

TEST(RedisOptions, ServersAreRead) {
  const auto read = [](std::string_view text) {
    const auto server = parse_server(text, {});
    return server ? text_of(*server) : "?";
  };
  EXPECT_EQ(read("redis.example"), "redis.example:6379");
  EXPECT_EQ(read("192.0.2.1:7000"), "192.0.2.1:7000");
  EXPECT_EQ(read("[2001:db8::1]:7000"), "[2001:db8::1]:7000");
  EXPECT_EQ(read("2001:db8::1"), "[2001:db8::1]:6379");
  EXPECT_EQ(read("unix:/run/redis/redis.sock"), "unix:/run/redis/redis.sock");
  for (const char* wrong : {"", ":6379", "a:0", "a:65536", "a:x", "unix:redis.sock", "[::1", "a b:1", "a\r\n:1"})
    EXPECT_EQ(read(wrong), "?") << wrong;
}

TEST(RedisOptions, WhatCannotBeMeantIsSaid) {
  Options options = options_of({{"a", 6379, {}}});
  EXPECT_EQ(objection(options), "");
  options.prefix = "{x}";
  EXPECT_NE(objection(options), "");
  options = options_of({{"a", 6379, {}}}, 1ms);
  EXPECT_NE(objection(options), "");
  EXPECT_NE(objection(options_of({})), "");
}

TEST(RedisCommand, IsWrittenAndHashed) {
  EXPECT_EQ(Command("GET").key(std::string_view("a\r\n\0b", 5)).bytes(),
            std::string("*2\r\n$3\r\nGET\r\n$5\r\na\r\n\0b\r\n", 24));
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");  // RFC 3174 7.3
  EXPECT_EQ(slot_of("123456789"), 0x31c3);                                 // Redis Cluster specification, appendix A
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("x{user1000}y"));
  EXPECT_NE(slot_of("{}.a"), slot_of("{}.b"));
  const Script script("return ARGV[1]");
  Command run(script);
  run.key("{a}b").arg("y");
  EXPECT_EQ(run.slot(), slot_of("a"));
  run.join(std::move(Command(script).key("c").arg("z").arg("w")));
  std::string again;
  run.append_to(again, true);
  const std::string head = "*9\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.sha() + "\r\n$1\r\n2\r\n";
  const std::string tail = "\r\n$1\r\ny\r\n$1\r\nz\r\n$1\r\nw\r\n";
  EXPECT_EQ(run.bytes(), head + "$4\r\n{a}b\r\n$1\r\nc\r\n$1\r\n0" + tail);
  EXPECT_EQ(again, head + "$4\r\n{a}b\r\n$1\r\nc\r\n$1\r\n1" + tail);
}

TEST(RedisCommands, WhoIsJoinedHasTheAnswerThatIsHis) {
  const Script script("return 'aabbb'");
  auto first = std::make_shared<Asked>(1);
  auto second = std::make_shared<Asked>(1);
  const auto joined = [&] {
    Entry entry{.command = std::move(Command(script).key("x").answers(2)), .asked = first};
    entry.join({.command = std::move(Command(script).key("y").answers(3)), .asked = second});
    return entry;
  };
  joined().answer({.type = Reply::Type::text, .text = "aabbb"});
  EXPECT_EQ(first->wait(Deadline(std::chrono::steady_clock::now() + 1s))[0].text, "aa");
  EXPECT_EQ(second->wait(Deadline(std::chrono::steady_clock::now() + 1s))[0].text, "bbb");
  first = std::make_shared<Asked>(1);
  second = std::make_shared<Asked>(1);
  joined().answer(Reply::unavailable("gone", true));
  EXPECT_FALSE(first->wait(Deadline(std::chrono::steady_clock::now() + 1s))[0].available());
  EXPECT_TRUE(second->wait(Deadline(std::chrono::steady_clock::now() + 1s))[0].perhaps_done);
}

TEST(RedisReplies, OfAnyKindInAnyPieces) {
  const std::string bytes = "+OK\r\n-ERR no\r\n:-7\r\n$-1\r\n$3\r\na\r\n\r\n*2\r\n*1\r\n:1\r\n$1\r\nx\r\n*-1\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    ReplyReader reader;
    std::string all;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reader.feed(std::string_view(bytes).substr(at, piece));
      while (auto reply = reader.next()) all += Asker::text(*reply) + "|";
    }
    EXPECT_EQ(all, "OK|error: ERR no|-7|nil|a\r\n|[[1 ] x ]|nil|") << reader.problem();
  }
}

TEST(RedisReplies, HostileOnesAreRefused) {
  const auto problem = [](const std::string& bytes) {
    ReplyReader reader;
    reader.feed(bytes);
    while (reader.next()) {
    }
    return reader.problem();
  };
  EXPECT_EQ(problem("HTTP/1.1 400 Bad Request\r\n"), "an answer that is not of the protocol");
  EXPECT_NE(problem("$99999999999999999999\r\n"), "");
  EXPECT_NE(problem("*200001\r\n"), "");
  EXPECT_EQ(problem("*200000\r\n"), "");
  EXPECT_NE(problem("*100000\r\n*100000\r\n*1\r\n"), "");  // each small, and 7 deep 56 MB for 70 bytes
  EXPECT_NE(problem("*2147483647\r\n"), "");
  std::string deep;
  for (int i = 0; i < 10; ++i) deep += "*1\r\n";
  EXPECT_NE(problem(deep), "");
  EXPECT_EQ(problem("$16000000\r\n"), "");
  EXPECT_EQ(problem("*100000\r\n*99999\r\n"), "");
  EXPECT_EQ(problem("$90000000\r\n" + std::string(kMostReplyBytes + 1, 'x')), "an answer that is too large");
}

TEST(RedisReplies, WhatIsTakenIsCountedForEachReply) {
  std::string array = "*60000\r\n";
  for (int i = 0; i < 60'000; ++i) array += ":1\r\n";
  ReplyReader reader;
  for (int i = 0; i < 5; ++i) {
    reader.feed(array);
    EXPECT_TRUE(reader.next().has_value()) << reader.problem();
  }
}

TEST(RedisConnection, AnswersComeInOrderForEachThread) {
  NEEDS_REDIS();
  test::RedisServer server;
  Asker asker(options_of({server.on_socket()}));
  ASSERT_TRUE(asker.up());
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const std::string key = "k" + std::to_string(t);
        const std::string value = std::to_string(i);
        asker.tell(set(key, value));
        EXPECT_EQ(asker.ask(get(key)), value);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(asker.counted("redis.connected"), 1);
  EXPECT_EQ(asker.counted("redis.lost"), 0);
}

TEST(RedisConnection, LogsInAndHidesThePassword) {
  NEEDS_REDIS();
  test::RedisServer server("requirepass sesame\nuser mail on >open ~p:* +@all");
  Options options = options_of({server.on_port()});
  options.password = "sesame";
  options.database = 3;
  Asker right(options);
  ASSERT_TRUE(right.up());
  EXPECT_EQ(right.ask(set("a", "1")), "OK");
  options.user = "mail";
  options.password = "open";
  Asker user(options);
  ASSERT_TRUE(user.up());
  EXPECT_EQ(user.ask(set("p:a", "1")), "OK");
  EXPECT_EQ(user.ask(set("a", "1")), "unavailable: " + text_of(server.on_port()) + ": it answers NOPERM");
  options.password = "secret-but-wrong";
  Asker wrong(options);
  EXPECT_TRUE(eventually([&] { return wrong.problem().find("WRONGPASS") != std::string::npos; }));
  EXPECT_EQ(wrong.problem().find("secret"), std::string::npos);
  EXPECT_EQ(wrong.ask(get("a")).substr(0, 11), "unavailable");
  options.user.clear();
  options.password.clear();
  Asker none(options);
  EXPECT_TRUE(eventually([&] { return none.problem().find("NOAUTH") != std::string::npos; })) << none.problem();
}

TEST(RedisConnection, SpeaksTlsAndVerifies) {
  NEEDS_REDIS();
  if (test::program("openssl").empty()) GTEST_SKIP() << "openssl is not installed";
  test::RedisServer server{test::RedisServer::Tls{}};
  Options options = options_of({{"127.0.0.1", server.tls_port(), {}}});
  options.tls = true;
  options.ca_file = server.ca_file();
  Asker asker(options);
  ASSERT_TRUE(asker.up()) << asker.problem();
  const std::string large(1'000'000, 'x');
  EXPECT_EQ(asker.ask(set("a", large)), "OK");
  EXPECT_EQ(asker.ask(get("a")), large);
  options.ca_file.clear();
  Asker stranger(options);
  EXPECT_TRUE(eventually([&] { return stranger.problem().find("certificate") != std::string::npos; }))
      << stranger.problem();
}

TEST(RedisConnection, NobodyWaitsLongForOneThatStandsStill) {
  NEEDS_REDIS();
  test::RedisServer server;
  Asker asker(options_of({server.on_socket()}, 200ms));
  ASSERT_TRUE(asker.up());
  server.freeze();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(asker.ask(get("a")).substr(0, 11), "unavailable");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_TRUE(eventually([&] { return !asker.connection->is_up(); }));
  EXPECT_NE(asker.problem(), "");
  const auto later = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) asker.ask(get("a"));
  EXPECT_LT(std::chrono::steady_clock::now() - later, 20s);  // 200 s, if each waited
  const auto until = later + (std::getenv("POSTERN_LONG") != nullptr ? 30s : 2s);
  int asked = 0;
  for (; std::chrono::steady_clock::now() < until; ++asked) {
    asker.ask(get("a"));
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_GT(asked, 30);  // connects that come to nothing make nobody wait either: some ten, if each waited
  asker.tell(set("a", "told meanwhile"));
  server.thaw();
  ASSERT_TRUE(asker.up());
  EXPECT_EQ(asker.ask(get("a")), "told meanwhile");
}

TEST(RedisConnection, ADeadlineIsKept) {
  NEEDS_REDIS();
  test::RedisServer server;
  Asker asker(options_of({server.on_socket()}, 5s));
  ASSERT_TRUE(asker.up());
  server.freeze();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(asker.ask(get("a"), 50ms), "unavailable: no answer in time");
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);  // 5 s, were it the time-out's
  server.thaw();
  EXPECT_EQ(asker.ask(set("b", "2")), "OK");
  EXPECT_EQ(asker.ask(get("b")), "2");  // the late answer was the other's
}

TEST(RedisConnection, ConnectsAgainAfterARestart) {
  NEEDS_REDIS();
  test::RedisServer server;
  Asker asker(options_of({server.on_port()}));
  ASSERT_TRUE(asker.up());
  server.stop();
  EXPECT_TRUE(eventually([&] { return !asker.connection->is_up(); }));
  EXPECT_TRUE(asker.problem().starts_with("127.0.0.1:")) << asker.problem();
  server.start();
  ASSERT_TRUE(asker.up());
  EXPECT_EQ(asker.ask(set("a", "1")), "OK");
  EXPECT_EQ(asker.problem(), "");
}

TEST(RedisConnection, AScriptThatWasFlushedIsSentAgain) {
  NEEDS_REDIS();
  const Script script("return ARGV[2]");
  test::RedisServer server;
  Asker asker(options_of({server.on_socket()}));
  ASSERT_TRUE(asker.up());
  const auto run = [&] { return asker.ask(Command(script).arg("x")); };
  EXPECT_EQ(run(), "x");
  server.command_line("script flush");
  EXPECT_EQ(run(), "x");
  EXPECT_EQ(asker.ask(Command("EVALSHA").arg(Script("return 2").sha()).arg("0")).substr(0, 15), "error: NOSCRIPT");
}

TEST(RedisConnection, WhatTheServerCannotDoNowIsUnavailable) {
  NEEDS_REDIS();
  test::RedisServer server;
  Asker asker(options_of({server.on_socket()}));
  ASSERT_TRUE(asker.up());
  EXPECT_EQ(asker.ask(set("a", "1")), "OK");
  server.command_line("config set maxmemory 1");
  EXPECT_EQ(asker.ask(set("b", "2")), "unavailable: " + text_of(server.on_socket()) + ": it answers OOM");
  EXPECT_EQ(asker.counted("redis.dropped"), 1);  // whoever is answered finds it down
  server.command_line("config set maxmemory 0");
  ASSERT_TRUE(asker.up());
  EXPECT_EQ(asker.ask(set("b", "2")), "OK");
  EXPECT_EQ(asker.ask(Command("NO-SUCH")).substr(0, 10), "error: ERR");  // not its state, but the command
}

TEST(RedisConnection, AReplicaIsPassedOver) {
  NEEDS_REDIS();
  test::RedisServer master;
  test::RedisServer replica("replicaof 127.0.0.1 " + std::to_string(master.port()));
  Asker asker(options_of({replica.on_port(), master.on_port()}));
  ASSERT_TRUE(asker.up());
  EXPECT_EQ(asker.connection->health().server, text_of(master.on_port()));
  EXPECT_EQ(asker.ask(set("a", "1")), "OK");
  replica.command_line("replicaof no one");
  master.command_line("replicaof 127.0.0.1 " + std::to_string(replica.port()));
  asker.ask(set("a", "2"));  // READONLY, or it has been noticed before
  EXPECT_TRUE(eventually([&] { return asker.connection->health().server == text_of(replica.on_port()); }));
  ASSERT_TRUE(asker.up());
  EXPECT_EQ(asker.ask(set("a", "2")), "OK");
}

TEST(RedisConnection, ALoadingServerIsNotThereYet) {
  std::atomic<bool> loading{true};
  FakeRedis server([&](const std::vector<std::string>& words) -> std::string {
    if (words[0] == "ROLE") return FakeRedis::greeting(words);
    return loading ? "-LOADING Redis is loading the dataset in memory\r\n" : "+PONG\r\n";
  });
  Asker asker(options_of({server.server()}));
  EXPECT_TRUE(eventually([&] { return asker.problem().find("LOADING") != std::string::npos; }));
  EXPECT_EQ(asker.ask(get("a")).substr(0, 11), "unavailable");
  loading = false;
  EXPECT_TRUE(asker.up());
  EXPECT_EQ(asker.ask(get("a")), "PONG");
}

TEST(RedisConnection, GarbageEndsTheConnectionAndIsNotBelieved) {
  const std::vector<std::string> garbage{"$5\r\nab", "HTTP/1.1 200 OK\r\n\r\n", std::string(100, '\0'),
                                         "*1\r\n*1\r\n*x\r\n", "+one\r\n+two\r\n+three\r\n"};
  for (const std::string& answer : garbage) {
    FakeRedis server([&](const std::vector<std::string>& words) {
      const std::string greeting = FakeRedis::greeting(words);
      return greeting.empty() ? answer : greeting;
    });
    Asker asker(options_of({server.server()}, 300ms));
    ASSERT_TRUE(asker.up());
    const std::string said = asker.ask(get("a"));
    EXPECT_TRUE(said.starts_with("unavailable") || said == "one") << said;
    EXPECT_TRUE(eventually([&] { return asker.counted("redis.dropped") > 0; }));
    EXPECT_LT(server.connections(), 20);  // not in a hot loop
  }
}

TEST(RedisConnection, IsNotAimedByAnybodyElse) {
  std::atomic<int> asked{0};
  FakeRedis target([&](const std::vector<std::string>& words) {
    const std::string greeting = FakeRedis::greeting(words);
    ++asked;
    return greeting.empty() ? "+caught\r\n" : greeting;
  });
  FakeRedis server([&](const std::vector<std::string>& words) {
    const std::string greeting = FakeRedis::greeting(words);
    return greeting.empty() ? "-MOVED 3999 127.0.0.1:" + std::to_string(target.server().port) + "\r\n" : greeting;
  });
  Options options = options_of({server.server()});
  options.cluster = true;
  Asker asker(options);
  ASSERT_TRUE(asker.up());
  EXPECT_EQ(asker.ask(get("a")), "unavailable: moved to a server that is not configured");
  EXPECT_EQ(asker.counted("redis.not_followed"), 1);
  EXPECT_EQ(target.connections(), 0);
  options.servers.push_back(target.server());  // but where it is listed it is followed
  Asker listed(options);
  EXPECT_TRUE(eventually([&] { return listed.ask(get("a")) == "caught"; }));
  options.cluster = false;
  options.servers.pop_back();
  Asker alone(options);
  ASSERT_TRUE(alone.up());
  EXPECT_EQ(alone.ask(get("a")).substr(0, 12), "error: MOVED");
}

TEST(RedisConnection, AskIsFollowedOnceAndAskedFor) {
  std::vector<std::string> heard;
  FakeRedis target([&](const std::vector<std::string>& words) {
    const std::string greeting = FakeRedis::greeting(words);
    if (greeting.empty()) heard.push_back(words[0]);
    return greeting.empty() ? "+here\r\n" : greeting;
  });
  FakeRedis server([&](const std::vector<std::string>& words) {
    const std::string greeting = FakeRedis::greeting(words);
    return greeting.empty() ? "-ASK 1 127.0.0.1:" + std::to_string(target.server().port) + "\r\n" : greeting;
  });
  Options options = options_of({server.server(), target.server()});
  options.cluster = true;
  Asker asker(options);
  EXPECT_TRUE(eventually([&] { return asker.connection->generation() == 2; }));
  EXPECT_EQ(asker.ask(get("a")), "here");
  EXPECT_EQ(asker.ask(get("a")), "here");
  EXPECT_EQ(heard, (std::vector<std::string>{"ASKING", "GET", "ASKING", "GET"}));
}

TEST(RedisConnection, WhatIsToldIsBounded) {
  Asker asker(options_of({{"127.0.0.1", 1, {}}}));
  EXPECT_TRUE(eventually([&] { return !asker.problem().empty(); }));
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 80; ++i) asker.tell(set("a", large));
  EXPECT_GE(asker.counted("redis.lost"), 80 - 64);
}

TEST(RedisConnection, EndsAtOnceWhateverTheServerDoes) {
  FakeRedis silent([](const std::vector<std::string>&) { return std::string(); });
  const auto start = std::chrono::steady_clock::now();
  {
    Asker asker(options_of({silent.server()}, 5s));
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
}

}  // namespace
}  // namespace postern::store::redis
