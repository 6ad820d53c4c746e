#include "milter/client_facts.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace postern {
namespace {

struct Address {
  sockaddr_storage storage{};
  explicit Address(const char* text, std::uint16_t port = 0) {
    auto* in = reinterpret_cast<sockaddr_in*>(&storage);
    auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
      in->sin_family = AF_INET;
      in->sin_port = htons(port);
    } else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
      in6->sin6_family = AF_INET6;
      in6->sin6_port = htons(port);
    }
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Client facts(const char* host, const char* ip, std::uint16_t port, const char* daemon_port) {
  return client_facts(host, Address(ip, port).get(),
                      {.daemon_name = "smtp", .daemon_port = daemon_port, .client_ptr = {}});
}

TEST(ClientFacts, TakesAddressPortAndName) {
  const Client c = facts("MX.Example.org", "192.0.2.7", 4711, "25");
  EXPECT_EQ(c.ip->text(), "192.0.2.7");
  EXPECT_EQ(c.port, 4711);
  EXPECT_EQ(c.name, "mx.example.org");
  EXPECT_EQ(c.listener, "smtp");
  EXPECT_FALSE(c.local);
  EXPECT_EQ(facts("a.example", "2001:db8::1", 1, "25").ip->text(), "2001:db8::1");
  EXPECT_EQ(facts("a.example", "::ffff:192.0.2.1", 1, "25").ip->text(), "192.0.2.1");
}

TEST(ClientFacts, KnowsTheWordsForNoName) {
  for (const char* host : {"[192.0.2.7]", "unknown", "Unknown", "", "[IPv6:2001:db8::1]"})
    EXPECT_EQ(facts(host, "192.0.2.7", 1, "25").name, "") << host;
  EXPECT_EQ(
      client_facts("a", Address("192.0.2.7", 1).get(), {.daemon_name = {}, .daemon_port = {}, .client_ptr = "unknown"})
          .ptr,
      "");
  EXPECT_EQ(client_facts("a", Address("192.0.2.7", 1).get(),
                         {.daemon_name = {}, .daemon_port = {}, .client_ptr = "PTR.example"})
                .ptr,
            "ptr.example");
}

TEST(ClientFacts, RecognizesWhatIsHandedInOnTheMachine) {
  EXPECT_TRUE(facts("localhost", "127.0.0.1", 0, "0").local);  // Postfix non_smtpd_milters
  EXPECT_TRUE(facts("localhost", "127.0.0.1", 0, "").local);   // the same where macros were not asked for
  EXPECT_TRUE(client_facts("localhost", nullptr, {}).local);   // sendmail -bs
  EXPECT_FALSE(facts("localhost", "127.0.0.1", 0, "0").ip.has_value());
  EXPECT_FALSE(facts("localhost", "127.0.0.1", 0, "25").local);     // XCLIENT without a port
  EXPECT_FALSE(facts("localhost", "127.0.0.1", 4711, "25").local);  // SMTP from this machine
  EXPECT_FALSE(facts("localhost", "192.0.2.7", 0, "0").local);      // a stranger who calls himself so
  EXPECT_FALSE(client_facts("unknown", nullptr, {}).local);         // a client that was gone before it was looked at
}

TEST(SenderFacts, ReadsTheArgumentsOfMail) {
  const char* const all[] = {"<a@b.example>", "size=1234", "BODY=8BITMIME", "SMTPutf8", nullptr};
  const Sender s = sender_facts(all);
  EXPECT_EQ(s.path.text(), "a@b.example");
  EXPECT_EQ(s.declared_size, 1234U);
  EXPECT_TRUE(s.smtputf8);
  const char* const none[] = {nullptr};
  EXPECT_FALSE(sender_facts(none).path.valid() && !sender_facts(none).path.null);
  for (const char* size : {"SIZE=", "SIZE=x", "SIZE=12x", "SIZE=-1", "SIZE=99999999999999999999999"}) {
    const char* const arguments[] = {"<>", size, nullptr};
    EXPECT_FALSE(sender_facts(arguments).declared_size.has_value()) << size;
    EXPECT_TRUE(sender_facts(arguments).path.null);
  }
}

}  // namespace
}  // namespace postern
