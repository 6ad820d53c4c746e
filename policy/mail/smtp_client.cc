#include "policy/mail/smtp_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/base/text.h"

namespace postern::smtp {

namespace {

using Kind = Outcome::Kind;

constexpr std::size_t kMostCommandBytes = 510;              // RFC 5321 4.5.3.1.4, without CRLF
constexpr std::size_t kMostLineBytes = 998;                 // RFC 5321 4.5.3.1.6, without CRLF
constexpr std::size_t kMostMessageBytes = 64U << 20;        // local
constexpr std::size_t kMostReadBytes = 4096;                // local: at one time
constexpr auto kGoodbye = std::chrono::milliseconds(2000);  // local: nobody needs the answer to QUIT

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Outcome without_reply(Kind kind, std::string problem) { return {kind, {}, std::move(problem)}; }

Outcome outcome_of(Io io, const Stream& stream) {
  switch (io) {
    case Io::timed_out: return without_reply(Kind::timed_out, stream.problem());
    case Io::closed: return without_reply(Kind::closed, stream.problem());
    case Io::interrupted: return without_reply(Kind::interrupted, stream.problem());
    case Io::ok:
    case Io::failed: break;
  }
  return without_reply(Kind::failed, stream.problem());
}

// The keywords of an EHLO reply, in capitals: the first word of each line but the first (RFC 5321 4.1.1.1).
std::vector<std::string> keywords(const ServerReply& reply) {
  std::vector<std::string> words;
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    std::string word = reply.lines[i].substr(0, reply.lines[i].find_first_of(" ="));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    words.push_back(std::move(word));
  }
  return words;
}

// The lines of a message as DATA sends them, with the dot at the end (RFC 5321 4.1.1.4, 4.5.2), or why it cannot be sent.
std::string stuffed(std::string_view message, std::string& problem) {
  std::string out;
  out.reserve(message.size() + message.size() / 32 + 5);
  while (!message.empty()) {
    const std::size_t end = std::min(message.find_first_of("\r\n"), message.size());
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(end);
    // A CR alone and an LF alone end a line as CRLF does, so that none of them leaves (FAULTS T26).
    message.remove_prefix(message.starts_with("\r\n") ? 2 : std::min<std::size_t>(1, message.size()));
    if (line.size() > kMostLineBytes) problem = "a line is too long";
    if (line.starts_with('.')) out += '.';
    out += line;
    out += "\r\n";
  }
  return out += ".\r\n";
}

}  // namespace

bool needs_utf8(const Mailbox& mailbox) { return !is_ascii(mailbox.local); }

Client::Client(std::unique_ptr<Stream> stream, const Patience& patience)
    : stream_(std::move(stream)), patience_(patience) {}

Outcome Client::read_reply(SteadyTime until) {
  ReplyReader reader;
  std::string bytes;
  for (;;) {
    if (const Io got = stream_->read(bytes, kMostReadBytes, until); got != Io::ok) return outcome_of(got, *stream_);
    std::string_view rest = bytes;
    switch (reader.take(rest)) {
      case ReplyReader::State::more: continue;
      case ReplyReader::State::broken: return without_reply(Kind::broken, reader.problem());
      case ReplyReader::State::done: break;
    }
    // RFC 5321 4.2: one reply a command. What else came would be taken for the answer to the next one.
    if (!rest.empty()) return without_reply(Kind::broken, "more than one reply to one command");
    return {Kind::reply, reader.reply(), {}};
  }
}

Outcome Client::command(std::string_view line, std::chrono::milliseconds patience) {
  if (std::any_of(line.begin(), line.end(), is_control))
    return without_reply(Kind::refused, "a control byte in an argument");
  if (line.size() > kMostCommandBytes) return without_reply(Kind::refused, "an argument is too long");
  if (stream_->has_more()) {
    std::string unasked;
    const Io got = stream_->read(unasked, 1, std::chrono::steady_clock::now());
    return got == Io::ok ? without_reply(Kind::broken, "the server spoke unasked") : outcome_of(got, *stream_);
  }
  const SteadyTime until = std::min(patience_.until, std::chrono::steady_clock::now() + patience);
  if (const Io sent = stream_->write(fmt::format("{}\r\n", line), until); sent != Io::ok)
    return outcome_of(sent, *stream_);
  return read_reply(until);
}

Outcome Client::greeting() {
  return read_reply(std::min(patience_.until, std::chrono::steady_clock::now() + patience_.command));
}

Outcome Client::hello(const std::string& hostname) {
  offered_.clear();
  Outcome ehlo = command("EHLO " + hostname);
  if (ehlo.positive()) offered_ = keywords(ehlo.reply);
  if (!ehlo.is_reply() || !ehlo.reply.permanent()) return ehlo;
  return command("HELO " + hostname);  // RFC 5321 3.2
}

bool Client::offers(std::string_view keyword) const {
  return std::find(offered_.begin(), offered_.end(), keyword) != offered_.end();
}

Outcome Client::start_tls(const TlsContext& context, const std::string& server_name) {
  if (!offers("STARTTLS")) return without_reply(Kind::refused, "the server offers no STARTTLS");
  Outcome answer = command("STARTTLS");
  if (!answer.is_reply() || answer.reply.code != 220) return answer;  // RFC 3207 4
  offered_.clear();                                                   // RFC 3207 4.2
  const SteadyTime until = std::min(patience_.until, std::chrono::steady_clock::now() + patience_.command);
  if (const Io shaken = stream_->start_tls(context, server_name, until); shaken != Io::ok)
    return outcome_of(shaken, *stream_);
  return answer;
}

Outcome Client::mail(const std::optional<Mailbox>& sender, bool utf8) {
  if (utf8 && !offers("SMTPUTF8")) return without_reply(Kind::refused, "the server offers no SMTPUTF8");
  if (!utf8 && sender && needs_utf8(*sender)) return without_reply(Kind::refused, "the sender needs SMTPUTF8");
  return command(fmt::format("MAIL FROM:<{}>{}", sender ? sender->text() : std::string(), utf8 ? " SMTPUTF8" : ""));
}

Outcome Client::rcpt(const Mailbox& recipient) {
  if (needs_utf8(recipient) && !offers("SMTPUTF8"))
    return without_reply(Kind::refused, "the server offers no SMTPUTF8");
  return command(fmt::format("RCPT TO:<{}>", recipient.text()));
}

Outcome Client::data(std::string_view message) {
  if (message.size() > kMostMessageBytes) return without_reply(Kind::refused, "the message is too long");
  if (message.find('\0') != std::string_view::npos) return without_reply(Kind::refused, "a NUL in the message");
  if (!is_ascii(message) && !offers("8BITMIME"))
    return without_reply(Kind::refused, "the server offers no 8BITMIME");  // RFC 6152 3
  std::string problem;
  const std::string bytes = stuffed(message, problem);
  if (!problem.empty()) return without_reply(Kind::refused, problem);
  Outcome ready = command("DATA");
  if (!ready.is_reply() || ready.reply.code != 354) {
    // RFC 5321 4.3.2: 354 is the only reply to go on with; a 2xx leaves the dialogue out of step.
    if (ready.positive()) return without_reply(Kind::broken, "no 354 to DATA");
    return ready;
  }
  const SteadyTime until = std::min(patience_.until, std::chrono::steady_clock::now() + patience_.command);
  if (const Io sent = stream_->write(bytes, until); sent != Io::ok) return outcome_of(sent, *stream_);
  return read_reply(until);
}

Outcome Client::reset() { return command("RSET"); }

void Client::quit() { command("QUIT", std::min(patience_.command, kGoodbye)); }

}  // namespace postern::smtp
