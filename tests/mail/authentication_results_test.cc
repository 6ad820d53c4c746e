#include "policy/mail/authentication_results.h"

namespace postern {
namespace {

TEST(AuthenticationResults, AreWrittenAsRfc8601Says) {
  EXPECT_EQ(authentication_results("mx.example.org", {}), "mx.example.org; none");
  EXPECT_EQ(authentication_results("mx.example.org", {{"iprev", "pass", "policy.iprev", "192.0.2.1"}}),
            "mx.example.org;\n\tiprev=pass policy.iprev=192.0.2.1");
  EXPECT_EQ(authentication_results("mx.example.org", {{"iprev", "pass", "policy.iprev", "2001:db8::1"}}),
            "mx.example.org;\n\tiprev=pass policy.iprev=\"2001:db8::1\"");
}

// FAULTS T18
TEST(AuthenticationResults, AHostileValueStaysAValue) {
  EXPECT_EQ(authentication_results("a", {{"m", "pass", "smtp.mailfrom", "x\"; spf=pass\r\n\ty"}}),
            "a;\n\tm=pass smtp.mailfrom=\"x\\\"; spf=passy\"");
}

TEST(ClaimedAuthservId, IsReadAsAReaderWould) {
  for (const char* value :
       {" mx.example.org; spf=pass", "MX.EXAMPLE.ORG 1; none", "\n\t(a (nested) \\) comment) mx.example.org;",
        "\"mx.example.org\" ; x", "mx.example.org.; x", "mx.example.org(c)/1", "mx.example.org"}) {
    EXPECT_EQ(claimed_authserv_id(value), "mx.example.org") << value;
  }
  for (const char* value : {"", ";", "(unclosed mx.example.org", "other.example; mx.example.org"})
    EXPECT_NE(claimed_authserv_id(value), "mx.example.org") << value;
}

}  // namespace
}  // namespace postern
