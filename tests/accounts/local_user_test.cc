#include "policy/accounts/identity/local_user.h"

#include <gtest/gtest.h>

namespace postern::accounts {
namespace {

std::string user(std::string received) {
  const std::vector<HeaderField> header{{"Subject", "x"}, {"Received", std::move(received)}, {"Received", "y"}};
  const auto found = local_user(header);
  return found ? (found->is_uid ? "uid " : "") + found->name : "-";
}

TEST(LocalUser, IsReadOutOfTheFirstReceivedField) {
  EXPECT_EQ(user(" by mx.acme.example (Postfix, from userid 1000)\n\tid 4F2A; Sat, 28 Nov 2026 10:00:00 +0000"),
            "uid 1000");
  EXPECT_EQ(user(" (from eva@localhost)\n\tby mx.acme.example (8.17.1/8.17.1/Submit) id 5AS; Sat, 28 Nov 2026"), "eva");
  EXPECT_EQ(local_user({}).has_value(), false);
}

TEST(LocalUser, IsNobodyWhereTheFieldIsAnother) {
  for (const char* received : {
           "",
           "from a.example (a.example [192.0.2.1]) by mx.acme.example (Postfix) with ESMTP id 4F2A; x",
           "from a.example by mx.acme.example (Postfix, from userid 0) id 4F2A; x",
           "by mx.acme.example (Postfix, from userid ) id 4F2A; x",
           "by mx.acme.example (Postfix, from userid -1) id 4F2A; x",
           "by mx.acme.example (Postfix, from userid 0x0) id 4F2A; x",
           "by mx.acme.example (Postfix, from userid 1000",
           "by mx.acme.example (Postfix, from userid 1000) with ESMTP id 4F2A; x",
           "by mx acme (Postfix, from userid 1000) id 4F2A; x",
           "by mx.acme.example (x) (Postfix, from userid 1000) id 4F2A; x",
           "(from eva@acme.example) by mx.acme.example (8.17.1) id 5AS; x",
           "(from eva@localhost by mx.acme.example (8.17.1) id 5AS; x",
           "(from @localhost) by mx.acme.example (8.17.1) id 5AS; x",
           "(from e va@localhost) by mx.acme.example (8.17.1) id 5AS; x",
           "x (from eva@localhost) by mx.acme.example (8.17.1) id 5AS; x",
       })
    EXPECT_EQ(user(received), "-") << received;
  EXPECT_EQ(user("(from " + std::string(65, 'a') + "@localhost) by mx.acme.example (8.17.1) id 5AS; x"), "-");
}

TEST(LocalUser, ANumberHasTheNameThatTheMachineGivesIt) {
  EXPECT_EQ(name_of({"0", true}), "root");
  EXPECT_EQ(name_of({"4000000123", true}), "4000000123") << "nobody has it";
  EXPECT_EQ(name_of({"99999999999999999999", true}), "99999999999999999999") << "no number of a user";
  EXPECT_EQ(name_of({"0", false}), "0") << "a name, if an odd one";
}

}  // namespace
}  // namespace postern::accounts
