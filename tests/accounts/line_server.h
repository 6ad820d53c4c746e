#pragma once

#include <functional>
#include <string>
#include <thread>

namespace postern::accounts {

/// A server on a Unix socket that says what a test wants, to any number of clients, on a thread of its own.
class LineServer {
 public:
  /// What to say to what came, all of it so far unanswered. Takes what it answers off the text; "CLOSE" at the end of
  /// the answer closes the connection.
  using Respond = std::function<std::string(std::string& received)>;
  LineServer(std::string path, std::string greeting, Respond respond);
  ~LineServer();
  LineServer(const LineServer&) = delete;
  LineServer& operator=(const LineServer&) = delete;

 private:
  void serve();

  const std::string path_;
  const std::string greeting_;
  const Respond respond_;
  int listener_;
  int stop_[2];
  std::thread thread_;
};

}  // namespace postern::accounts
