#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::store::redis {

/// What a server has answered, or that it has not.
struct Reply {
  enum class Type { unavailable, nil, integer, text, error, array };
  Type type = Type::unavailable;
  std::int64_t integer = 0;
  std::string text;  ///< of text and error; of unavailable, why: holds nothing that a server said but its error's word
  std::vector<Reply> elements{};
  bool perhaps_done = false;  ///< of unavailable: it was sent, and may be carried out

  bool available() const { return type != Type::unavailable; }
  static Reply unavailable(std::string why, bool perhaps_done = false) {
    return {Type::unavailable, 0, std::move(why), {}, perhaps_done};
  }
};

constexpr std::size_t kMostReplyBytes = std::size_t{4} << 20;  // local
constexpr std::size_t kMostReplyElements = 200'000;  // local: of all arrays of one reply, 80 bytes of memory each

/// Takes replies out of the bytes of a connection (RESP2). After a problem it is good for nothing any more. For one thread
/// at a time.
class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  void feed(std::string_view bytes);
  /// The next that is complete; nothing where more bytes are needed, or there is a problem.
  std::optional<Reply> next();
  /// Empty while all is well: not of the protocol, nested deeper than 7, larger than is taken, or no memory for it.
  const std::string& problem() const { return problem_; }

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
  std::string problem_;
};

}  // namespace postern::store::redis
