#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/configuration.h"

namespace postern::config {
namespace {

using ::testing::HasSubstr;

std::string libmilter(std::string_view text) {
  const Result<Listen> listen = parse_listen(text, {});
  return listen ? listen->libmilter_text() : "refused: " + listen.error().message;
}

std::string postfix(std::string_view text) {
  const Result<Listen> listen = parse_listen(text, {});
  return listen ? listen->postfix_text() : "refused: " + listen.error().message;
}

TEST(Listen, UnderstandsEveryNotation) {
  const struct {
    std::string_view text, libmilter, postfix;
  } kCases[] = {
      {"unix:/run/p/p.sock", "unix:/run/p/p.sock", "unix:/run/p/p.sock"},
      {"local:/run/p/p.sock", "unix:/run/p/p.sock", "unix:/run/p/p.sock"},
      {"/run/p/p.sock", "unix:/run/p/p.sock", "unix:/run/p/p.sock"},
      {"inet:8891@127.0.0.1", "inet:8891@[127.0.0.1]", "inet:127.0.0.1:8891"},
      {"inet:8891@[127.0.0.1]", "inet:8891@[127.0.0.1]", "inet:127.0.0.1:8891"},
      {"inet:127.0.0.1:8891", "inet:8891@[127.0.0.1]",
       "inet:127.0.0.1:8891"},  // Postfix's; libmilter would listen on port 127
      {"inet:[127.0.0.1]:8891", "inet:8891@[127.0.0.1]", "inet:127.0.0.1:8891"},
      {"inet:[::1]:8891", "inet6:8891@[::1]", "inet:[::1]:8891"},
      {"inet6:8891@::1", "inet6:8891@[::1]", "inet:[::1]:8891"},
      {"inet6:8891@[2001:db8::1]", "inet6:8891@[2001:db8::1]", "inet:[2001:db8::1]:8891"},
      {"inet:65535@0.0.0.0", "inet:65535@[0.0.0.0]", "inet:0.0.0.0:65535"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(libmilter(c.text), c.libmilter);
    EXPECT_EQ(postfix(c.text), c.postfix);
  }
}

TEST(Listen, RefusesWhatCouldMeanSomethingElse) {
  const struct {
    std::string_view text, why;
  } kCases[] = {
      {"inet:8891", "names no host"},
      {"inet6:8891", "names no host"},
      {"inet:8891@", "no host behind the port"},
      {"inet::8891", "no host behind the port"},
      {"inet:localhost:8891", "\"localhost\" is no address"},
      {"inet:8891@mx.example.org", "is no address"},
      {"inet:127.0.0.1", "names no host"},
      {"inet:::1:8891", "does not say where the address ends"},
      {"inet6:8891@127.0.0.1", "write inet:8891@127.0.0.1"},
      {"inet:0@127.0.0.1", "is no port"},
      {"inet:65536@127.0.0.1", "is no port"},
      {"inet:+25@127.0.0.1", "is no port"},
      {"inet:8891x@127.0.0.1", "is no port"},
      {"inet:8891@127.0.0.1@x", "is no address"},
      {"inet:8891@127.0.0.1 ", "is no address"},
      {"inet:8891@127.1", "is no address"},
      {"127.0.0.1:8891", "is no address to listen at"},
      {"8891@127.0.0.1", "is no address to listen at"},
      {"INET:8891@127.0.0.1", "is no address to listen at"},
      {"unix:run/p.sock", "is not absolute"},
      {"unix:", "is not absolute"},
      {"unix:/run/", "ends in a slash"},
      {"unix:/run/\x01", "control byte"},
      {"", "is no address to listen at"},
  };
  for (const auto& c : kCases)
    EXPECT_THAT(libmilter(c.text), testing::AllOf(testing::StartsWith("refused: "), HasSubstr(c.why))) << c.text;
}

TEST(Listen, TakesAPathUpToTheSystemsLength) {
  EXPECT_EQ(libmilter("unix:/" + std::string(106, 'x')), "unix:/" + std::string(106, 'x'));
  EXPECT_THAT(libmilter("unix:/" + std::string(107, 'x')), HasSubstr("108 bytes; the system allows 107"));
}

}  // namespace
}  // namespace postern::config
