#pragma once

#include <string>

#include "policy/base/result.h"

namespace postern {

/// A descriptor that is closed with its owner.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// Makes `path` free for a Unix socket of ours: locks `PATH.lock` beside it for as long as the result lives, and
/// removes the socket that a killed process left behind. Fails when another process holds the lock or serves the
/// socket, when the path is anything but a socket (a symbolic link above all), and when its folder is missing.
Result<FileDescriptor> claim_socket_path(const std::string& path);

/// Gives the socket at `path` to `group` (empty: leaves it). Does not follow a symbolic link.
Result<bool> give_to_group(const std::string& path, const std::string& group);

/// Gives the socket at `path` to `user`, who serves it from then on. Does not follow a symbolic link.
Result<bool> give_to_user(const std::string& path, const std::string& user);

/// Sets the umask so that a socket is made with exactly `mode`, and puts the old one back. Not for a process with other
/// threads.
class SocketMode {
 public:
  explicit SocketMode(unsigned mode);
  ~SocketMode();
  SocketMode(const SocketMode&) = delete;
  SocketMode& operator=(const SocketMode&) = delete;

 private:
  unsigned old_;
};

}  // namespace postern
