// Chains that we and other implementations seal in turn, validated by both.

#include <gtest/gtest.h>

#include <ctime>

#include "policy/auth/arc/arc.h"
#include "policy/auth/dkim/key_text.h"
#include "tests/auth/dkim_world.h"
#include "tests/auth/peer.h"

namespace postern::arc {
namespace {

using test::DkimWorld;
using test::Message;
using test::Ran;
using test::text_of;

constexpr const char* kServer = "mx.a.example";

/// One message on its way, and who looks at it.
class Way {
 public:
  Way(std::vector<std::string> peer, Message message) : peer_(std::move(peer)), message_(std::move(message)) {
    keys_.set("s._domainkey.a.example", {dkim::key_record_text(*key_)});
    std::ofstream(folder_ / "zone") << "s._domainkey.a.example " << dkim::key_record_text(*key_) << "\n";
    std::ofstream(folder_ / "key.pem") << key_->pem();
  }

  Ran ask(std::vector<std::string> arguments) const {
    std::vector<std::string> words = peer_;
    words.insert(words.end(), arguments.begin(), arguments.end());
    return test::run_peer(words);
  }

  std::string ours() {
    dkim::BodyHashes bodies;
    const Chain chain(message_.header, {}, bodies);
    bodies.update(message_.body);
    bodies.finish();
    dkim::KeyCache keys;
    result_ = chain.validate(message_.header, bodies, keys, keys_, std::time(nullptr), Deadline(SteadyTime::max()));
    return std::string(name(result_.status));
  }
  std::string theirs() const {
    write();
    const Ran ran = ask({"verify", folder_ / "zone", folder_ / "message.eml"});
    return ran.out.substr(0, ran.out.find(' ')) + ran.err;
  }
  void expect(const std::string& state) {
    EXPECT_EQ(ours(), state) << result_.reason << "\n" << text_of(message_);
    EXPECT_EQ(theirs(), state) << text_of(message_);
  }

  void seal_ours() {
    ours();
    const auto set =
        seal({.key = {"a.example", "s", key_},
              .authserv_id = kServer,
              .authentication_results =
                  "spf=pass smtp.mailfrom=a.example;\n\tarc=" + std::string(name(result_.status)) + " (as it came)",
              .chain = result_.status,
              .instance = result_.instance + 1,
              .unix_time = std::time(nullptr)},
             message_.header, DkimWorld::body_hash(message_.body));
    ASSERT_TRUE(set) << set.error().message;
    message_.header.insert(message_.header.begin(), set->begin(), set->end());
  }
  void seal_theirs() {
    ours();
    const std::string state(name(result_.status));
    const HeaderField results{"Authentication-Results",
                              std::string(" ") + kServer + "; spf=pass smtp.mailfrom=a.example; arc=" + state};
    message_.header.insert(message_.header.begin(), results);
    write();
    const Ran ran = ask({"sign", folder_ / "key.pem", "a.example", "s", state, kServer, folder_ / "message.eml"});
    message_.header.erase(message_.header.begin());
    ASSERT_EQ(ran.status, 0) << ran.err;
    const auto set = test::read_message(ran.out).header;
    ASSERT_EQ(set.size(), 3u) << ran.out << ran.err;
    message_.header.insert(message_.header.begin(), set.begin(), set.end());
  }

  void change_body() { message_.body += "one line more\r\n"; }
  const Result& result() const { return result_; }

 private:
  void write() const { std::ofstream(folder_ / "message.eml", std::ios::binary) << text_of(message_); }

  const std::vector<std::string> peer_;
  const std::shared_ptr<const crypto::PrivateKey> key_ = test::rsa_key(2048);
  const test::TempFolder folder_;
  test::KeyZone keys_;
  Message message_;
  Result result_;
};

std::vector<Message> messages() {
  const std::string header =
      "From: Eva <eva@a.example>\nTo: tom@b.example,\n\t sue@b.example\nSubject:   a  b\t c  \n"
      "Date: Sat, 28 Nov 2026 20:00:00 +0000\nMessage-ID: <1@a.example>\nMIME-Version: 1.0\n";
  std::vector<Message> all;
  for (const char* body : {"Hello\n", "", "  a  b \t\n\t\n\n c\n \n\n\n", "\n\nx\n"})
    all.push_back(test::read_message(header + "\n" + body));
  return all;
}

void compare(const std::vector<std::string>& peer) {
  for (const Message& message : messages()) {
    Way way(peer, message);
    if (const Ran there = way.ask({"there"}); there.status != 0) GTEST_SKIP() << there.err;
    way.seal_ours();
    way.expect("pass");
    way.seal_theirs();
    way.expect("pass");
    way.seal_ours();
    way.expect("pass");
    EXPECT_EQ(way.result().instance, 3);
    way.change_body();
    way.expect("fail");

    Way other(peer, message);
    other.seal_theirs();
    other.expect("pass");
    other.seal_ours();
    other.expect("pass");
    other.change_body();
    other.seal_ours();
    other.expect("fail");
  }
}

const std::string kFolder = POSTERN_PEERS;

TEST(ArcInterop, WithDkimpy) { compare({"/usr/bin/python3", kFolder + "/arc_peer.py"}); }
TEST(ArcInterop, WithMailDkim) { compare({"/usr/bin/perl", kFolder + "/arc_peer.pl"}); }

}  // namespace
}  // namespace postern::arc
