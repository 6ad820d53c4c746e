#include "policy/auth/public_suffix.h"

#include <gtest/gtest.h>

namespace postern {
namespace {

std::string organization(std::string_view text) {
  const auto found = organizational_domain(*Domain::parse(text));
  return found ? found->text() : "-";
}

TEST(OrganizationalDomain, IsOneLabelMoreThanAPublicSuffix) {
  EXPECT_EQ(organization("acme.com"), "acme.com");
  EXPECT_EQ(organization("mail.acme.com"), "acme.com");
  EXPECT_EQ(organization("a.b.acme.co.uk"), "acme.co.uk");
  EXPECT_EQ(organization("com"), "-");
  EXPECT_EQ(organization("co.uk"), "-");
  EXPECT_EQ(organization("b.c.kobe.jp"), "b.c.kobe.jp");         // *.kobe.jp
  EXPECT_EQ(organization("www.city.kobe.jp"), "city.kobe.jp");   // !city.kobe.jp
  EXPECT_EQ(organization("x.eva.github.io"), "eva.github.io");   // the private part
  EXPECT_EQ(organization("mail.acme.example"), "acme.example");  // no rule but *
  EXPECT_EQ(organization("www.\xe9\xa3\x9f\xe7\x8b\xae.\xe5\x85\xac\xe5\x8f\xb8.cn"), "xn--85x722f.xn--55qx5d.cn");
  EXPECT_EQ(organization("localhost"), "-");
}

}  // namespace
}  // namespace postern
