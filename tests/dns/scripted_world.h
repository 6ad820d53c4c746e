#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "policy/dns/options.h"
#include "tests/support/scripted_dns.h"

namespace postern::dns {

inline Deadline in(std::chrono::milliseconds wait) { return Deadline(std::chrono::steady_clock::now() + wait); }

inline Question question_of(std::string_view name, Type type = Type::a) { return {*Domain::parse(name), type}; }

/// A resolver as the product has it, with one scripted server.
class ScriptedWorld {
 public:
  explicit ScriptedWorld(const std::string& script, Options options = {}) : server(script) {
    options.servers = {{"127.0.0.1", server.port()}};
    auto made = make_resolver(options, clock, counters);
    EXPECT_TRUE(made) << made.error().message;
    resolver = std::move(made).value();
  }
  AnswerPtr ask(std::string_view name, Type type = Type::a, std::chrono::milliseconds wait = std::chrono::seconds(4)) {
    return resolver->query(question_of(name, type), in(wait));
  }
  Status status(std::string_view name, Type type = Type::a) { return ask(name, type)->status; }
  std::int64_t counted(std::string_view name) { return counters.get(name).value(); }

  test::ScriptedDns server;
  SystemClock clock;
  Counters counters;
  std::unique_ptr<Resolver> resolver;  // ends before what it uses
};

}  // namespace postern::dns
