#pragma once

#include <memory>
#include <string>

#include "config/configuration.h"
#include "milter/socket_path.h"
#include "policy/base/result.h"

namespace postern {

/// The one place where MTAs reach us. libmilter opens the socket and serves it; we see to its lock, mode, group and
/// end.
class Listener {
 public:
  /// Opens the socket by libmilter; register_callbacks() has been called. The Error says what stands in the way. With
  /// `claims` false, for tests, takes the path from whoever has it.
  static Result<std::unique_ptr<Listener>> open(const config::Listen& where, bool claims = true);
  /// Removes the socket's path.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// From now on nobody gets in: the path is gone and new connections are refused. Open sessions go on being served.
  void drain();

  /// libmilter's number for the socket it accepts from.
  int number() const { return fd_; }

 private:
  Listener(config::Listen where, FileDescriptor lock, int fd, FileDescriptor nowhere)
      : where_(std::move(where)), lock_(std::move(lock)), fd_(fd), nowhere_(std::move(nowhere)) {}
  void remove_path();

  const config::Listen where_;
  FileDescriptor lock_;
  const int fd_;
  FileDescriptor nowhere_;  // a listening socket that nobody can reach
  bool path_is_ours_ = true;
};

}  // namespace postern
