#include "tests/bench/protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

namespace postern::bench {

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr std::size_t kChunk = 65535;  // mfdef.h MILTER_CHUNK_SIZE
constexpr std::size_t kMaxPacket = 1024 * 1024;

void append_number(std::string& out, std::uint32_t value) {
  const std::uint32_t wire = htonl(value);
  out.append(reinterpret_cast<const char*>(&wire), sizeof wire);
}

std::uint32_t number(std::string_view bytes) {
  std::uint32_t wire = 0;
  std::memcpy(&wire, bytes.data(), sizeof wire);
  return ntohl(wire);
}

/// Collects packets, and ends a burst where an answer is due.
class Writer {
 public:
  Writer(const Negotiated& negotiated, const Mail& mail)
      : negotiated_(negotiated),
        macros_{{"j", "mail.example.net"},
                {"{daemon_name}", "smtpd"},
                {"{daemon_addr}", "127.0.0.1"},
                {"{daemon_port}", "25"},
                {"v", "Postfix 3.7.11"},
                {"i", "4L0000000001"},
                {"_", mail.client_name + " [" + mail.client + "]"},
                {"{client_addr}", mail.client},
                {"{client_name}", mail.client_name},
                {"{client_port}", "34567"},
                {"{client_ptr}", mail.client_name},
                {"{mail_addr}", "user@" + mail.sender_domain},
                {"{mail_host}", mail.sender_domain},
                {"{mail_mailer}", "smtp"},
                {"{rcpt_addr}", "someone@example.net"},
                {"{rcpt_host}", "example.net"},
                {"{rcpt_mailer}", "smtp"}} {
    if (!mail.logged_in) return;
    macros_["{auth_authen}"] = mail.login + "@" + mail.sender_domain;
    macros_["{auth_type}"] = "PLAIN";
  }

  /// A step the milter may have switched off (`no_step`), or whose answer it does not give (`no_reply`).
  void step(char command, std::uint32_t stage, std::initializer_list<std::string_view> usual_macros,
            std::string_view data, std::uint32_t no_step, std::uint32_t no_reply) {
    if (negotiated_.steps & no_step) return;
    macros(command, stage, usual_macros);
    script_.rest += packet(command, data);
    if (!(negotiated_.steps & no_reply)) script_.bursts.push_back({command, std::exchange(script_.rest, {})});
  }

  Script take() { return std::move(script_); }

 private:
  void macros(char command, std::uint32_t stage, std::initializer_list<std::string_view> usual) {
    std::string data(1, command);
    const auto append = [&](const std::string& name) {
      if (const auto found = macros_.find(name); found != macros_.end()) data += name + '\0' + found->second + '\0';
    };
    if (const auto asked = negotiated_.macros.find(stage); asked != negotiated_.macros.end()) {
      for (const auto& name : asked->second) append(name);
    } else {
      for (const auto name : usual) append(std::string(name));
    }
    script_.rest += packet('D', data);
  }

  const Negotiated& negotiated_;
  std::map<std::string, std::string> macros_;
  Script script_;
};

}  // namespace

std::string packet(char command, std::string_view data) {
  std::string out;
  append_number(out, static_cast<std::uint32_t>(data.size() + 1));
  out += command;
  out += data;
  return out;
}

std::optional<Packet> take_packet(std::string& input) {
  if (input.size() < 5) return std::nullopt;
  const std::size_t length = number(input);
  if (length < 1 || length > kMaxPacket) return Packet{};
  if (input.size() < 4 + length) return std::nullopt;
  Packet result{input[4], input.substr(5, length - 1)};
  input.erase(0, 4 + length);
  return result;
}

std::optional<Negotiated> parse_negotiation(const Packet& answer) {
  if (answer.command != 'O' || answer.data.size() < 12) return std::nullopt;
  const std::string_view data = answer.data;
  Negotiated result{number(data.substr(4)), number(data.substr(8)), {}};
  for (std::size_t at = 12; at + 4 < data.size();) {
    const std::uint32_t stage = number(data.substr(at));
    const std::string names(data.substr(at + 4, data.find('\0', at + 4) - at - 4));
    std::istringstream words(names);
    auto& list = result.macros[stage];
    for (std::string word; words >> word;) list.push_back(word);
    at += 4 + names.size() + 1;
  }
  return result;
}

std::string negotiation(std::uint32_t actions, std::uint32_t steps) {
  std::string data;
  append_number(data, 6);
  append_number(data, actions);
  append_number(data, steps);
  return packet('O', data);
}

Script opening(const Negotiated& negotiated, const Mail& mail) {
  Writer writer(negotiated, mail);
  writer.step('C', 0, {"j", "{daemon_name}", "{daemon_addr}", "v", "_"},
              mail.client_name +
                  "\0"
                  "4\x87\x07"s +
                  mail.client + '\0',
              kNoConnect, kNoReplyConnect);
  writer.step('H', 1, {}, mail.helo + '\0', kNoHelo, kNoReplyHelo);
  return writer.take();
}

MessageText parse_message(std::string_view text) {
  MessageText message;
  while (!text.empty() && text.front() != '\n') {
    std::size_t end = text.find('\n');
    while (end != std::string_view::npos && end + 1 < text.size() && (text[end + 1] == ' ' || text[end + 1] == '\t'))
      end = text.find('\n', end + 1);
    const std::string_view field = text.substr(0, end);
    const std::size_t colon = std::min(field.find(':'), field.size());
    message.headers.emplace_back(field.substr(0, colon), field.substr(std::min(colon + 1, field.size())));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
  }
  for (const char c : text.substr(std::min<std::size_t>(1, text.size()))) {
    if (c == '\n') message.body += '\r';
    message.body += c;
  }
  return message;
}

namespace {

MessageText made_up(const Mail& mail) {
  MessageText message;
  message.headers = {
      {"Received", " from mx.example.com (mx.example.com [192.0.2.1])\n\tby mail.example.net with ESMTP id 1234"},
      {"From", " User <user@" + mail.sender_domain + ">"},
      {"To", " Someone <someone@example.net>"},
      {"Subject", " load test message"},
      {"Date", " Sat, 21 Nov 2026 12:00:00 +0000"},
      {"Message-ID", " <1.load@" + mail.sender_domain + ">"},
      {"MIME-Version", " 1.0"},
      {"Content-Type", " text/plain; charset=us-ascii"},
  };
  while (message.body.size() < mail.body_bytes)
    message.body += "please review the attached numbers of this quarter, thanks\r\n";
  message.body.resize(mail.body_bytes);
  return message;
}

}  // namespace

Script message(const Negotiated& negotiated, const Mail& mail) {
  const MessageText text = mail.text ? *mail.text : made_up(mail);
  Writer writer(negotiated, mail);
  writer.step('M', 2, {"i", "{auth_type}", "{auth_authen}", "{mail_addr}", "{mail_host}", "{mail_mailer}"},
              '<' + std::string("user@") + mail.sender_domain + '>' + '\0', kNoMail, kNoReplyMail);
  writer.step('R', 3, {"i", "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}"}, "<someone@example.net>\0"sv, kNoRcpt,
              kNoReplyRcpt);
  writer.step('T', 4, {"i"}, {}, kNoData, kNoReplyData);
  for (const auto& [name, value] : text.headers) {
    const std::string_view sent = std::string_view(value).substr(negotiated.steps & kLeadingSpace ? 0 : 1);
    writer.step('L', 100, {"i"}, name + '\0' + std::string(sent) + '\0', kNoHeaders, kNoReplyHeaders);
  }
  writer.step('N', 6, {"i"}, {}, kNoEoh, kNoReplyEoh);
  for (std::size_t at = 0; at < text.body.size(); at += kChunk)
    writer.step('B', 101, {"i"}, std::string_view(text.body).substr(at, kChunk), kNoBody, kNoReplyBody);
  writer.step('E', 5, {"i"}, {}, 0, 0);
  return writer.take();
}

}  // namespace postern::bench
