#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::test {

/// The MTA's side of the milter protocol, for tests. Says what it is told to, legal or not; waits for each answer that
/// was agreed on.
///
/// Answers are text: `continue accept discard reject tempfail skip`, a reply as `550 5.7.1 text`, `none` where no reply
/// was agreed on, and `closed` or `timeout` when nothing came. Throws std::runtime_error only when nobody listens.
class MilterClient {
 public:
  using Macros = std::vector<std::pair<std::string, std::string>>;

  /// `address`: a path, or `inet:PORT@127.0.0.1`.
  explicit MilterClient(const std::string& address, std::chrono::milliseconds patience = std::chrono::seconds(10));
  ~MilterClient();
  MilterClient(MilterClient&& other) noexcept;
  MilterClient(const MilterClient&) = delete;
  MilterClient& operator=(const MilterClient&) = delete;
  MilterClient& operator=(MilterClient&&) = delete;

  struct Offer {
    std::uint32_t version = 6;
    std::uint32_t actions = 0x1ff;
    std::uint32_t steps = 0x1fffff;
  };
  struct Agreed {
    bool answered = false;
    std::uint32_t version = 0;
    std::uint32_t actions = 0;
    std::uint32_t steps = 0;
    std::map<int, std::string> macros;  ///< by stage, as the milter asked for them
  };
  Agreed negotiate();
  Agreed negotiate(Offer offer);

  struct Client {
    std::string name = "mx.client.example";
    std::string ip = "192.0.2.1";
    std::uint16_t port = 40'000;
    char family = '4';
    Macros macros = {{"{daemon_name}", "smtp"}, {"{daemon_port}", "25"}};
  };
  std::string connect();
  std::string connect(const Client& client);
  std::string helo(const std::string& name = "mx.client.example");
  std::string mail(const std::string& path, const Macros& macros = {}, const std::vector<std::string>& arguments = {});
  std::string rcpt(const std::string& path, const Macros& macros = {});
  std::string data();
  std::string header(const std::string& name, const std::string& value);
  std::string end_of_headers();
  std::string body(const std::string& chunk);

  struct End {
    std::string verdict;
    /// `add NAME:VALUE`, `insert N NAME:VALUE`, `change N NAME:VALUE`, `quarantine REASON`, in order
    std::vector<std::string> edits;
    int progress = 0;
  };
  End end_of_message(const std::string& queue_id = "4F2ABC");
  void abort();
  void quit();
  /// Closes the connection without a word.
  void hang_up();

  /// Negotiation to HELO: what every dialogue begins with.
  void greet();
  /// A whole small message after greet(); the first answer that is no `continue`, `none` or `skip`, else that of its
  /// end.
  std::string message(const std::string& sender, const std::string& recipient);

  void raw(std::string_view bytes);
  void packet(char command, std::string_view data);
  /// One packet; nothing when the connection is over or nothing came in time (`timed_out` tells which).
  bool read_packet(char& command, std::string& data);
  bool timed_out() const { return timed_out_; }
  /// Whether something can be read within `patience`.
  bool readable(std::chrono::milliseconds patience) const;
  int fd() const { return fd_; }

 private:
  std::string ask(char command, std::string_view data, std::uint32_t no_reply, std::uint32_t not_sent);
  std::string answer();
  void macros(char command, const Macros& macros);

  int fd_ = -1;
  const std::chrono::milliseconds patience_;
  Agreed agreed_;
  bool timed_out_ = false;
  End end_;
};

}  // namespace postern::test
