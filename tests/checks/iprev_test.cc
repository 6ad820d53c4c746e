#include "tests/support/world.h"

namespace postern {
namespace {

using test::World;

TEST(Iprev, SpeaksTheWordsOfTheRfc) {
  World w(
      "1.2.0.192.in-addr.arpa. PTR mail.a.example.\n"
      "mail.a.example. A 192.0.2.1\n"
      "2.2.0.192.in-addr.arpa. PTR mail.a.example.\n"
      "; FAULT 4.2.0.192.in-addr.arpa. PTR TIMEOUT\n");
  EXPECT_EQ(w.check("iprev", "192.0.2.1"), "pass");
  EXPECT_EQ(w.finding("iprev", "192.0.2.1").reason, "mail.a.example");
  EXPECT_EQ(w.check("iprev", "192.0.2.2"), "fail");
  EXPECT_EQ(w.check("iprev", "192.0.2.3"), "permerror");
  EXPECT_EQ(w.check("iprev", "192.0.2.4"), "temperror");
}

TEST(Iprev, SaysNothingOfWhatHasNoAddress) {
  World w("");
  EXPECT_EQ(w.check("iprev", ""), "none");
}

}  // namespace
}  // namespace postern
