#include "policy/mail/smtp_reply.h"

#include <algorithm>
#include <string>

#include "tests/fuzz/oracle.h"

using namespace postern;
using fuzz::hold;

namespace {

struct Read {
  smtp::ReplyReader reader;
  smtp::ReplyReader::State state = smtp::ReplyReader::State::more;
  std::size_t taken = 0;
};

Read read(std::string_view text, std::size_t piece) {
  Read read;
  while (read.state == smtp::ReplyReader::State::more && read.taken < text.size()) {
    std::string_view front = text.substr(read.taken, piece);
    const std::size_t size = front.size();
    read.state = read.reader.take(front);
    read.taken += size - front.size();
  }
  return read;
}

// A whole reply: within its limits, and of the bytes that it was read from.
void check(const smtp::ServerReply& reply, std::string_view taken) {
  hold(reply.code >= 200 && reply.code <= 559, "a code is 200-559");
  hold(!reply.lines.empty() && reply.lines.size() <= smtp::kMostReplyLines, "1 to 64 lines");
  hold(taken.size() <= smtp::kMostReplyBytes && taken.ends_with("\r\n"), "a reply is bounded and ends with CRLF");
  for (const std::string& line : reply.lines) {
    hold(line.size() <= smtp::kMostLineBytes, "a line is bounded");
    hold(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "no CR, LF or NUL in a line");
    hold(taken.find(line) != std::string_view::npos, "a line is what came");
  }
  hold(!fuzz::has_control(reply.printable_text()), "what is printed has no control byte");
  const smtp::EnhancedStatus status = smtp::enhanced_status(reply);
  hold(status.detail.subject <= 999 && status.detail.detail <= 999, "a status has 3 digits at most");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Read whole = read(text, std::max<std::size_t>(size, 1));
  for (const std::size_t piece : {1U, 3U}) {
    const Read pieces = read(text, piece);
    hold(pieces.state == whole.state && pieces.taken == whole.taken, "it is the same however it arrives");
    hold(pieces.reader.reply().lines == whole.reader.reply().lines, "and says the same");
  }
  hold((whole.state == smtp::ReplyReader::State::broken) == !whole.reader.problem().empty(), "broken has a reason");
  if (whole.state == smtp::ReplyReader::State::done) check(whole.reader.reply(), text.substr(0, whole.taken));
  return 0;
}
