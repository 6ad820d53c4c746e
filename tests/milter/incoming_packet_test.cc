#include "milter/incoming_packet.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace postern {
namespace {

using namespace std::string_literals;

std::string packet(char command, const std::string& data) {
  const std::size_t size = data.size() + 1;
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(size >> shift & 0xffU);
  return out + command + data;
}

// Whether libmilter gets the whole packet when it reads it in pieces of at most `piece` bytes.
bool passes(const std::string& bytes, std::size_t piece) {
  IncomingPacket packet;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const bool last = at + piece >= bytes.size();
    const bool goes_on = packet.take(std::string_view(bytes).substr(at, piece));
    if (last) return goes_on;
    EXPECT_TRUE(goes_on) << "before it is whole";
  }
  return true;
}

struct Case {
  std::string data;
  bool passes;
};

const Case kMacros[] = {
    {"", true},
    {"M", true},
    {"Mi", true},
    {"Mi\0"s, false},
    {"Mi\0A1\0"s, true},
    {"Mi\0A1"s, false},
    {"Mi\0A1\0j"s, true},
    {"Mi\0A1\0j\0"s, false},
    {"M\0"s, false},
    {"M\0\0"s, true},
    {"M"s + std::string((1U << 20U) - 1, '\0'), false},
    {"M"s + std::string(1U << 20U, '\0'), true},
};

TEST(IncomingPacket, LetsMacrosPassInPairs) {
  for (const Case& c : kMacros)
    for (const std::size_t piece : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 1000U, 1U << 21U})
      EXPECT_EQ(passes(packet('D', c.data), piece), c.passes) << c.data.substr(0, 20) << " by " << piece;
}

TEST(IncomingPacket, LetsEveryOtherPacketPass) {
  for (int command = 0; command < 256; ++command) {
    if (command == 'D') continue;
    for (const std::string& data : {"M\0"s, "Mi\0A1\0j\0"s})
      EXPECT_TRUE(passes(packet(static_cast<char>(command), data), 1 + command % 7));
  }
}

TEST(IncomingPacket, LetsAMacroPacketPassWhileItIsNotWhole) {
  IncomingPacket endless;
  EXPECT_TRUE(endless.take("\xff\xff\xff\xff"));
  EXPECT_TRUE(endless.take("D"));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(endless.take("M\0"s));
  for (const std::string& length : {"\0\0\0\0"s, "\0\0\0\1"s}) {
    IncomingPacket empty;
    EXPECT_TRUE(empty.take(length + "D")) << "libmilter reads no more of it";
  }
}

// Refused once, it stays so, whatever else is read.
TEST(IncomingPacket, StaysRefused) {
  IncomingPacket bad;
  EXPECT_FALSE(bad.take(packet('D', "Mi\0"s)));
  EXPECT_FALSE(bad.take(""));
}

TEST(IncomingPacket, IsTheSameHoweverItIsCut) {
  std::mt19937 random(20261122);
  for (int round = 0; round < 2000; ++round) {
    std::string data(random() % 40, 'x');
    std::size_t texts = 0;
    for (char& byte : data)
      if (random() % 3 == 0) {
        byte = '\0';
        ++texts;
      }
    const std::string bytes = packet('D', data);
    IncomingPacket packet;
    bool passes = true;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = 1 + random() % 9;
      passes = packet.take(std::string_view(bytes).substr(at, size));
      at += size;
    }
    EXPECT_EQ(passes, texts % 2 == 0);
  }
}

}  // namespace
}  // namespace postern
