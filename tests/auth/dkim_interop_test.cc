// Our signatures before other implementations, and theirs before ours.

#include <gtest/gtest.h>

#include <ctime>

#include "policy/auth/dkim/key_text.h"
#include "tests/auth/dkim_world.h"
#include "tests/auth/peer.h"

namespace postern::dkim {
namespace {

using crypto::KeyType;
using test::DkimWorld;
using test::Message;
using test::Ran;
using test::text_of;

/// What is hard to make canonical, each in its own way.
std::vector<Message> messages() {
  const std::string header =
      "From: Eva <eva@a.example>\nTo: tom@b.example,\n\t sue@b.example\nSubject:   a  b\t c  \n"
      "Date: Sat, 28 Nov 2026 20:00:00 +0000\nMessage-ID: <1@a.example>\nMIME-Version: 1.0\n";
  std::vector<Message> all;
  for (const char* body :
       {"", "Hello\n", "Hello", "\n\n", "  a  b \t\n\t\n\n c\n \n\n\n", "\n\nx\n", "ümlaut\n.\n..\n"})
    all.push_back(test::read_message(header + "\n" + body));
  // Bodies end with CRLF, as all do that come by SMTP: Mail::DKIM adds none under simple (RFC 6376 3.4.3).
  Message message =
      test::read_message("FROM: eva@a.example\ndate: now\nreceived: 1\nReceived: 2\nX-Empty:\nSubject:\n\n");
  for (int i = 0; i < 3000; ++i) message.body += i % 7 == 6 ? " \t two  words \r\n" : "a word ";
  message.body += "\r\n";
  all.push_back(message);
  return all;
}

struct Peer {
  std::vector<std::string> command;
  bool ed25519 = true;
  bool simple_ed25519 = true;  ///< signs with simple fields and Ed25519

  Ran operator()(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = command;
    words.insert(words.end(), arguments.begin(), arguments.end());
    return test::run_peer(words);
  }
};

void compare(const Peer& peer) {
  if (const Ran there = peer({"there"}); there.status != 0) GTEST_SKIP() << there.err;
  const test::TempFolder folder;
  const std::string zone = folder / "zone";
  const std::string key_file = folder / "key.pem";
  const std::string file = folder / "message.eml";
  for (const KeyType type : {KeyType::rsa, KeyType::ed25519}) {
    if (type == KeyType::ed25519 && !peer.ed25519) continue;
    const auto key = type == KeyType::rsa ? test::rsa_key(2048) : test::make_key(type);
    DkimWorld w;
    w.key("s", "a.example", key);
    w.now = std::time(nullptr);
    std::ofstream(zone) << "s._domainkey.a.example " << key_record_text(*key) << "\n";
    std::ofstream(key_file) << key->pem();
    for (const Message& message : messages()) {
      Message ours = message;
      DkimWorld::sign(ours, key);
      std::ofstream(file, std::ios::binary) << text_of(ours);
      const Ran verified = peer({"verify", zone, file});
      EXPECT_EQ(verified.out, "pass\n") << verified.err << text_of(ours);
      ours.body += "x\r\n";
      std::ofstream(file, std::ios::binary) << text_of(ours);
      EXPECT_NE(peer({"verify", zone, file}).out, "pass\n") << "a changed body";

      std::ofstream(file, std::ios::binary) << text_of(message);
      for (const char* form : {"relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"}) {
        if (type == KeyType::ed25519 && !peer.simple_ed25519 && form[0] == 's') continue;
        const Ran theirs =
            peer({"sign", key_file, "a.example", "s", type == KeyType::rsa ? "rsa" : "ed25519", form, file});
        ASSERT_EQ(theirs.status, 0) << theirs.err;
        Message with = message;
        const HeaderField field = test::read_message(theirs.out).header.at(0);
        with.header.insert(with.header.begin(), field);
        EXPECT_EQ(w.words(with), "pass") << form << "\n" << text_of(with);
        with.header[1].value += "x";
        EXPECT_NE(w.words(with), "pass") << "a changed From";
      }
    }
  }
}

const std::string kFolder = POSTERN_PEERS;

TEST(DkimInterop, WithDkimpy) { compare({{"/usr/bin/python3", kFolder + "/dkim_peer.py", "dkimpy"}}); }
// Its own signatures of the kind that is left out it calls bad itself.
TEST(DkimInterop, WithOpendkim) { compare({{"/usr/bin/python3", kFolder + "/dkim_peer.py", "opendkim"}, true, false}); }
TEST(DkimInterop, WithMailDkim) { compare({{"/usr/bin/perl", kFolder + "/dkim_peer.pl"}, false}); }

}  // namespace
}  // namespace postern::dkim
