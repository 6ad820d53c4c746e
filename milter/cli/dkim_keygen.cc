#include "milter/cli/dkim_keygen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "milter/json.h"
#include "policy/auth/crypto.h"
#include "policy/auth/dkim/key_record.h"
#include "policy/auth/dkim/key_text.h"

namespace postern::cli {

namespace {

int say(int status, const std::string& problem) {
  std::fprintf(stderr, "postern: %s\n", problem.c_str());
  return status;
}

std::string last_error() { return std::error_code(errno, std::generic_category()).message(); }

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(file) == 0;
}

/// Why there is no such file now; "" where it is written.
std::string write_new_file(const std::string& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return errno == EEXIST ? "is there already, and stays as it is" : last_error();
  std::string problem = write_all(file, bytes) ? "" : last_error();
  if (::close(file) != 0 && problem.empty()) problem = last_error();
  if (!problem.empty()) ::unlink(path.c_str());  // half a key serves nobody
  return problem;
}

}  // namespace

int make_dkim_key(const DkimKeygenOptions& options) {
  const auto domain = Domain::parse(options.domain);
  if (!domain) return say(kUnusable, fmt::format("{} is no domain", printable(options.domain)));
  const auto name = dkim::key_name(options.selector, domain->text());
  if (!name) return say(kUnusable, fmt::format("{} is no selector", printable(options.selector)));
  const bool rsa = options.type == "rsa";
  const auto key = crypto::PrivateKey::generate(rsa ? crypto::KeyType::rsa : crypto::KeyType::ed25519, options.bits);
  if (!key) return say(kFailed, key.error().message);

  std::error_code none;
  const std::string given = options.out.empty() ? options.selector + "." + domain->text() + ".pem" : options.out;
  const std::string path = std::filesystem::absolute(given, none).string();
  if (const std::string problem = write_new_file(path, (*key)->pem()); !problem.empty())
    return say(kFailed, fmt::format("{}: {}", path, problem));

  const std::string record = dkim::key_record_text(**key);
  const std::string zone = dkim::zone_line(name->text(), record);
  if (options.json) {
    const Json json = {{"domain", domain->text()},
                       {"selector", options.selector},
                       {"type", options.type},
                       {"bits", (*key)->bits()},
                       {"file", path},
                       {"name", name->text()},
                       {"record", record},
                       {"zone", zone}};
    std::printf("%s\n", json_line(json).c_str());
    return kOk;
  }
  std::printf(
      "The private key is in %s.\n\n# In the zone of %s:\n%s\n\n# In the configuration, once DNS has the record:\n"
      "sign:\n  keys:\n    - {domain: %s, selector: %s, file: %s}\n",
      path.c_str(), domain->text().c_str(), zone.c_str(), domain->text().c_str(), options.selector.c_str(),
      path.c_str());
  return kOk;
}

}  // namespace postern::cli
