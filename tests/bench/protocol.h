#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The milter protocol (version 6) as an MTA speaks it, as far as a load generator needs it.
namespace postern::bench {

/// Protocol steps as libmilter's mfdef.h numbers them.
enum Steps : std::uint32_t {
  kNoConnect = 0x1,
  kNoHelo = 0x2,
  kNoMail = 0x4,
  kNoRcpt = 0x8,
  kNoBody = 0x10,
  kNoHeaders = 0x20,
  kNoEoh = 0x40,
  kNoReplyHeaders = 0x80,
  kNoUnknown = 0x100,
  kNoData = 0x200,
  kSkip = 0x400,
  kNoReplyConnect = 0x1000,
  kNoReplyHelo = 0x2000,
  kNoReplyMail = 0x4000,
  kNoReplyRcpt = 0x8000,
  kNoReplyData = 0x10000,
  kNoReplyEoh = 0x40000,
  kNoReplyBody = 0x80000,
  kLeadingSpace = 0x100000,
  kAllSteps = 0x1fffff,
};
constexpr std::uint32_t kAllActions = 0x1ff;

/// One packet: length, command, data.
std::string packet(char command, std::string_view data);

struct Packet {
  char command = 0;
  std::string data;
};
/// Takes the first whole packet from the front of `input`; nothing while it is not complete. An impossible length gives
/// command 0.
std::optional<Packet> take_packet(std::string& input);

/// What the milter asked for.
struct Negotiated {
  std::uint32_t actions = 0;
  std::uint32_t steps = 0;
  std::map<std::uint32_t, std::vector<std::string>> macros;  ///< by stage, where it set a list
};
std::optional<Negotiated> parse_negotiation(const Packet& answer);

/// What is sent at once, up to the packet whose answer is due.
struct Burst {
  char command = 0;  ///< of that packet
  std::string bytes;
};

/// Part of a dialogue, and what goes ahead of the next part since no answer ends it.
struct Script {
  std::vector<Burst> bursts;
  std::string rest;
};

/// A message as a file has it: the milter protocol's form of it.
struct MessageText {
  std::vector<std::pair<std::string, std::string>> headers;  ///< values with their leading space, folds as "\n"
  std::string body;                                          ///< with CRLF
};
/// Of a text with LF.
MessageText parse_message(std::string_view text);

struct Mail {
  std::string sender_domain = "example.com";
  std::string client = "192.0.2.1";
  std::string client_name = "unknown";
  std::string helo = "client.example.com";
  std::size_t body_bytes = 1024;
  bool logged_in = false;  ///< as LOGIN@SENDER_DOMAIN
  std::string login = "login";
  std::optional<MessageText> text = {};  ///< instead of one that is made up
};

std::string negotiation(std::uint32_t actions, std::uint32_t steps);
/// Connect and HELO.
Script opening(const Negotiated& negotiated, const Mail& mail);
/// One message from MAIL to end-of-message; the last burst's answer is the verdict.
Script message(const Negotiated& negotiated, const Mail& mail);

}  // namespace postern::bench
