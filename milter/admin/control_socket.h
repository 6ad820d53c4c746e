#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "milter/socket_path.h"
#include "policy/base/counters.h"
#include "policy/base/result.h"

namespace postern {

/// The Unix socket through which `postern reload`, `status`, `limits` and `account` speak to the daemon.
///
/// A client writes one line, at most 2,000 bytes within 2 s, and gets one line of JSON. One client at a time, on the
/// thread "postern-control".
class ControlSocket {
 public:
  /// Answers a command, without its line end; nothing for one it does not know. Called on the control thread.
  using Serve = std::function<std::string(std::string_view command)>;

  /// Opens the socket at `path`, mode 0660; its lock is held as long as this lives.
  static Result<std::unique_ptr<ControlSocket>> open(const std::string& path);
  /// Ends the thread and removes the path.
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  /// Starts the thread. Until then clients wait.
  void start(Serve serve, Counters& counters);

 private:
  ControlSocket(std::string path, FileDescriptor lock, FileDescriptor socket, FileDescriptor end)
      : path_(std::move(path)), lock_(std::move(lock)), socket_(std::move(socket)), end_(std::move(end)) {}
  void run(const Serve& serve, Counters& counters);

  const std::string path_;
  FileDescriptor lock_;
  FileDescriptor socket_;
  FileDescriptor end_;  // an eventfd: readable when the thread shall end
  std::thread thread_;
};

/// Asks the daemon behind the socket at `path`: the line it answers. The Error says why there is none.
Result<std::string> ask_daemon(const std::string& path, std::string_view command);

}  // namespace postern
