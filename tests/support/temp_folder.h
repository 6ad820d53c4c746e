#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace postern::test {

/// A folder of a test's own that goes with it.
class TempFolder {
 public:
  TempFolder() {
    char name[] = "/tmp/postern-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace postern::test
