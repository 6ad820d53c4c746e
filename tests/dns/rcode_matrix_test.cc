// What each check makes of each answer that a server can give (FAULTS T39): "there is none" is a fact, everything else
// that is no record is trouble, and nobody is refused for good for it.

#include <fmt/format.h>

#include "tests/dns/scripted_world.h"
#include "tests/support/world.h"

namespace postern::dns {
namespace {

using namespace std::chrono_literals;

// What a check looks at, led to the server.
std::string subject_of(const CheckType& type) {
  if (type.stage == Stage::connect) return "9.8.7.6";
  if (type.name == "preflight") return "From: a@home.example";
  if (type.stage == Stage::headers) return "From: a@rcode.test";
  return type.name == "helo-name" ? "mx.rcode.test" : "a@rcode.test";
}

Finding finding_with(const CheckType& type, const std::string& script, std::chrono::milliseconds timeout = 4s) {
  Options options;
  options.timeout = timeout;
  ScriptedWorld dns(script, options);
  test::World world(*dns.resolver);
  world.client("9.8.7.6");
  if (type.name == "preflight") world.direction(Direction::submission);
  return world.finding(type.name, subject_of(type));
}

TEST(RcodeMatrix, OnlyThereIsNoneIsAFact) {
  for (const CheckType* type : check_types()) {
    if (type->questions == 0) continue;
    for (const unsigned rcode : {0, 3}) {
      const Finding finding = finding_with(*type, fmt::format("; RCODE * {}\n", rcode));
      EXPECT_EQ(finding.outcome->failure, Failure::no) << type->name << rcode << finding.reason;
      EXPECT_NE(finding.outcome->reply.code, 0) << type->name << rcode;
    }
    for (const unsigned rcode : {1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 15}) {
      const Finding finding = finding_with(*type, fmt::format("; RCODE * {}\n", rcode));
      EXPECT_EQ(finding.outcome->failure, Failure::yes) << type->name << rcode << finding.outcome->name;
      EXPECT_LT(finding.outcome->reply.code, 500) << type->name << rcode;
    }
  }
}

TEST(RcodeMatrix, NoOtherMannerIsAFact) {
  for (const CheckType* type : check_types()) {
    if (type->questions == 0) continue;
    for (const char* manner : {"DROP", "GARBAGE", "EMPTY", "ELSEWHERE", "WRONG_ID", "WRONG_QUESTION", "REFUSED"}) {
      const Finding finding = finding_with(*type, fmt::format("; SERVER * {}\n", manner), 200ms);
      EXPECT_EQ(finding.outcome->failure, Failure::yes) << type->name << " " << manner << finding.outcome->name;
    }
  }
}

}  // namespace
}  // namespace postern::dns
