#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/fuzz/oracle.h"

namespace {

// False when it cannot be read.
bool replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return false;
  std::cerr << path.filename().string() << std::endl;  // the last one named is the one that failed
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return true;
}

}  // namespace

/// Gives each file of the folders, or each file, on the command line to the target it is linked with. Ends with 1 when
/// there was none.
int main(int argc, char** argv) {
  int replayed = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code none;
    if (!std::filesystem::is_directory(argv[i], none)) {
      if (!replay(argv[i])) return std::cerr << argv[i] << " cannot be read\n", 1;
      ++replayed;
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i], none)) {
      if (!entry.is_regular_file()) continue;
      if (!replay(entry.path())) return std::cerr << entry.path() << " cannot be read\n", 1;
      ++replayed;
    }
  }
  std::cerr << replayed << " inputs\n";
  return replayed > 0 ? 0 : 1;
}
