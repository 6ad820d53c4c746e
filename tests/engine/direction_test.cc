#include "policy/engine/direction.h"

namespace postern {
namespace {

Direction of(const char* ip, const std::string& login, const std::string& listener, bool local = false) {
  Site site;
  site.networks = {*Network::parse("10.0.0.0/8"), *Network::parse("2001:db8:1::/48")};
  site.submission = {"submission"};
  Client client{.ip = IpAddress::parse(ip), .name = {}, .ptr = {}, .port = 0, .listener = listener, .local = local};
  Sender sender{.path = {}, .login = login, .auth_type = {}, .declared_size = {}, .smtputf8 = false};
  return settle_direction(site, client, sender);
}

TEST(Direction, IsSettledAtMail) {
  EXPECT_EQ(of("127.0.0.1", "", "", true), Direction::local);
  EXPECT_EQ(of("203.0.113.1", "anna", "smtpd"), Direction::submission);
  EXPECT_EQ(of("203.0.113.1", "", "submission"), Direction::submission);
  EXPECT_EQ(of("10.1.2.3", "anna", ""), Direction::submission);  // who logs in is a user, wherever he sits
  EXPECT_EQ(of("10.1.2.3", "", "smtpd"), Direction::relay);
  EXPECT_EQ(of("2001:db8:1::5", "", ""), Direction::relay);
  EXPECT_EQ(of("::ffff:10.1.2.3", "", ""), Direction::relay);
  EXPECT_EQ(of("203.0.113.1", "", "smtpd"), Direction::inbound);
  EXPECT_EQ(of("", "", ""), Direction::inbound);
}

}  // namespace
}  // namespace postern
