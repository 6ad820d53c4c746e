#include <gtest/gtest.h>

#include "policy/base/text.h"
#include "tests/auth/spf_world.h"

namespace postern {
namespace {

using test::SpfWorld;

std::string field(SpfWorld& world, spf::Query query) { return spf::received_spf(world.check(query), query); }

TEST(ReceivedSpf, SaysWhatWasFound) {  // RFC 7208 9.1
  SpfWorld w("a.example. TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\nb.example. TXT \"v=spf1 moo\"\n");
  spf::Query query = SpfWorld::query("u@a.example");
  query.receiver = "mx.home.example";
  EXPECT_EQ(field(w, query),
            "pass (mx.home.example: ip4:192.0.2.0/24 of a.example)\n"
            "\tclient-ip=192.0.2.1; envelope-from=\"u@a.example\";\n"
            "\thelo=mail.client.example; receiver=mx.home.example; identity=mailfrom;\n"
            "\tmechanism=\"ip4:192.0.2.0/24\"");
  query = SpfWorld::query("", "2001:db8::1");
  query.identity = spf::Identity::helo;
  EXPECT_EQ(field(w, query),
            "none (unknown: mail.client.example does not exist)\n"
            "\tclient-ip=\"2001:db8::1\"; envelope-from=\"<>\"; helo=mail.client.example;\n"
            "\treceiver=unknown; identity=helo; mechanism=default");
  EXPECT_NE(field(w, SpfWorld::query("u@b.example"))
                .find("problem=\"b.example has a bad record: unknown mechanism \\\"moo\\\"\""),
            std::string::npos);
}

// Ends a comment or a quoted string where it says so, and a line never (RFC 5322 3.2.4).
bool is_one_field(std::string_view value) {
  int comment = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '\n' && (i + 1 == value.size() || value[i + 1] != '\t')) return false;
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || static_cast<unsigned char>(c) > 0x7e)
      return false;
    if (c == '\n' && (quoted || comment > 0)) return false;
    if ((quoted || comment > 0) && c == '\\') {
      ++i;
    } else if (quoted) {
      quoted = c != '"';
    } else if (c == '(') {
      ++comment;
    } else if (c == ')') {
      --comment;
    } else if (comment == 0) {
      quoted = c == '"';
    }
  }
  return comment == 0 && !quoted;
}

TEST(ReceivedSpf, LetsNobodyWriteIntoIt) {
  SpfWorld w("a.example. TXT \"v=spf1 -all\"\n");
  const std::vector<std::string> hostiles{
      "\"; identity=helo; x=\"", "a\r\nX-Evil: 1", ")(\\", "j\xc3\xb6rg\xff\x01", "\\",
      std::string("nul\0", 4),   "=?utf-8?q?x?="};
  for (const std::string& hostile : hostiles) {
    for (const std::string& mail_from : {hostile + "@a.example", "u@" + hostile}) {
      spf::Query query = SpfWorld::query(mail_from);
      query.helo = hostile;
      query.receiver = hostile;
      EXPECT_TRUE(is_one_field(field(w, query))) << field(w, query);
    }
  }
  EXPECT_FALSE(is_one_field("pass (x) envelope-from=\"a\"b\"")) << "what is looked for is seen";
  EXPECT_FALSE(is_one_field("pass (a)b)"));
}

TEST(ReceivedSpf, KeepsItsLinesShort) {  // RFC 5322 2.1.1
  SpfWorld w("a.example. TXT \"v=spf1 -all\"\n");
  spf::Query query = SpfWorld::query("u@a.example");
  query.mail_from.insert(0, 9000, '"');
  query.helo.assign(9000, '\\');
  query.receiver.assign(9000, ')');
  const std::string value = field(w, query);
  for (const std::string_view line : split(value, '\n')) EXPECT_LE(line.size(), 900U);
}

}  // namespace
}  // namespace postern
