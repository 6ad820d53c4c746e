#include "policy/accounts/tables/tcp_table.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "policy/accounts/tables/file_table.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostLineBytes = 4096;  // tcp_table(5): of a reply

// tcp_table(5) wants it of % and of what is blank or not printable; a server that decodes takes the rest encoded, too.
std::string encoded(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (c > ' ' && c < 0x7f && c != '%') {
      text += c;
    } else {
      text += fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return text;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      value += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
    value += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return value;
}

class Session final : public Backend {
 public:
  explicit Session(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

  Reply ask(const Question& question, SteadyTime until) override {
    if (!is_legal_key(question.key)) return Reply::absent();
    // What it said unasked would be taken for the answer, and each answer for that of the question before.
    if (stream_->has_more()) return Reply::failed("tcp table: the server ended, or spoke unasked");
    std::string line;
    if (stream_->write("get " + encoded(question.key) + "\n", until) != Io::ok ||
        stream_->read_line(line, kMostLineBytes, until) != Io::ok)
      return Reply::failed("tcp table: " + stream_->problem());
    return reply(trim(line));
  }

 private:
  static Reply reply(std::string_view line) {
    const std::string_view code = line.substr(0, 3);
    if (line.size() > 3 && line[3] != ' ') return none(line);
    const std::optional<std::string> text = decoded(trim(line.substr(std::min<std::size_t>(line.size(), 4))));
    if (!text) return none(line);
    if (code == "200") return Reply::value(*text);
    if (code == "500") return Reply::absent();
    if (code == "400") return Reply::failed(fmt::format("tcp table: {}", printable(*text)));
    return none(line);
  }
  static Reply none(std::string_view line) {
    return Reply::failed(fmt::format("tcp table: \"{}\" is no answer", printable(line, 40)));
  }

  std::unique_ptr<Stream> stream_;
};

}  // namespace

Result<std::unique_ptr<Backend>> TcpTable::connect(SteadyTime until) const {
  Connection connection = server_.connect(until, interrupt_);
  if (!connection.stream) return Error{describe() + ": " + connection.problem, {}};
  return std::unique_ptr<Backend>(std::make_unique<Session>(std::move(connection.stream)));
}

std::string TcpTable::describe() const { return fmt::format("tcp table on {}", server_.text()); }

}  // namespace postern::accounts
