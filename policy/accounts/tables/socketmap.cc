#include "policy/accounts/tables/socketmap.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "policy/accounts/tables/file_table.h"
#include "policy/base/text.h"

namespace postern::accounts {

namespace {

constexpr std::size_t kMostLengthDigits = 7;  // of kMostRowBytes

class Session final : public Backend {
 public:
  Session(std::unique_ptr<Stream> stream, std::string map) : stream_(std::move(stream)), map_(std::move(map)) {}

  Reply ask(const Question& question, SteadyTime until) override {
    if (!is_legal_key(question.key)) return Reply::absent();
    // What it said unasked would be taken for the answer, and each answer for that of the question before.
    if (!buffer_.empty() || stream_->has_more()) return Reply::failed("socketmap: the server ended, or spoke unasked");
    const std::string request = map_ + ' ' + question.key;
    usable_ = false;
    if (stream_->write(fmt::format("{}:{},", request.size(), request), until) != Io::ok) return broken();
    std::string answer;
    if (!read_netstring(answer, until)) return broken();
    usable_ = answer.starts_with("PERM ");  // of this question alone
    return reply(answer);
  }

  bool usable() const override { return usable_; }

 private:
  static Reply reply(std::string_view answer) {
    const std::size_t space = answer.find(' ');
    const std::string_view word = answer.substr(0, space);
    const std::string_view rest = space == std::string_view::npos ? std::string_view() : answer.substr(space + 1);
    if (word == "OK" && space != std::string_view::npos) return Reply::value(std::string(rest));
    if (word == "NOTFOUND") return Reply::absent();
    if (word == "TEMP" || word == "TIMEOUT" || word == "PERM")
      return Reply::failed(fmt::format("socketmap: {} {}", word, printable(rest)));
    return Reply::failed(fmt::format("socketmap: \"{}\" is no answer", printable(answer, 40)));
  }

  bool fill(SteadyTime until) {
    std::string more;
    if (stream_->read(more, 16384, until) != Io::ok) return problem_ = stream_->problem(), false;
    buffer_ += more;
    return true;
  }

  bool read_netstring(std::string& text, SteadyTime until) {
    std::size_t colon = 0, length = 0;
    while ((colon = buffer_.find(':')) == std::string::npos) {
      if (buffer_.size() > kMostLengthDigits) return problem_ = "what it answers is no netstring", false;
      if (!fill(until)) return false;
    }
    const auto [end, error] = std::from_chars(buffer_.data(), buffer_.data() + colon, length);
    if (error != std::errc() || end != buffer_.data() + colon || length > kMostRowBytes)
      return problem_ = "the length that it answers is none, or over 1 MiB", false;
    while (buffer_.size() < colon + 1 + length + 1) {
      if (!fill(until)) return false;
    }
    if (buffer_[colon + 1 + length] != ',') return problem_ = "what it answers is no netstring", false;
    text = buffer_.substr(colon + 1, length);
    buffer_.erase(0, colon + 1 + length + 1);
    return true;
  }

  Reply broken() const { return Reply::failed("socketmap: " + (problem_.empty() ? stream_->problem() : problem_)); }

  std::unique_ptr<Stream> stream_;
  const std::string map_;
  std::string buffer_;
  std::string problem_;
  bool usable_ = false;
};

}  // namespace

Result<std::unique_ptr<Backend>> Socketmap::connect(SteadyTime until) const {
  Connection connection = server_.connect(until, interrupt_);
  if (!connection.stream) return Error{describe() + ": " + connection.problem, {}};
  return std::unique_ptr<Backend>(std::make_unique<Session>(std::move(connection.stream), map_));
}

std::string Socketmap::describe() const { return fmt::format("socketmap {} on {}", map_, server_.text()); }

}  // namespace postern::accounts
