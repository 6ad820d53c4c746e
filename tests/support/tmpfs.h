#pragma once

#include <sys/mount.h>

#include <fstream>
#include <string>

namespace postern::test {

/// A small disk of its own over a folder, where we may mount one.
class Tmpfs {
 public:
  explicit Tmpfs(const std::string& path) : path_(path) {
    mounted_ = ::mount("none", path.c_str(), "tmpfs", 0, "size=16m") == 0;
  }
  ~Tmpfs() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  Tmpfs(const Tmpfs&) = delete;
  Tmpfs& operator=(const Tmpfs&) = delete;

  bool mounted() const { return mounted_; }
  bool read_only(bool on) {
    const unsigned long flags = on ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT;
    return ::mount("none", path_.c_str(), "tmpfs", flags, "size=16m") == 0;
  }
  /// Leaves no byte; the file `ballast` takes them.
  void fill() const {
    std::ofstream ballast(path_ + "/ballast");
    while (ballast << std::string(4096, 'x') << std::flush) continue;
  }

 private:
  const std::string path_;
  bool mounted_;
};

}  // namespace postern::test
