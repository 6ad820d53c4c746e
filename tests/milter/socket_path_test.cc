#include "milter/socket_path.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "milter/admin/control_socket.h"
#include "tests/support/temp_folder.h"

namespace postern {
namespace {

// A bound socket file; with listen() somebody serves it, without it is what a killed process leaves.
FileDescriptor socket_at(const std::string& path, bool served) {
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(!served || listen(fd.get(), 1) == 0);
  return fd;
}

TEST(ClaimSocketPath, RemovesWhatAKilledProcessLeft) {
  const test::TempFolder folder;
  socket_at(folder / "s", false).reset();
  ASSERT_TRUE(std::filesystem::exists(folder / "s"));
  EXPECT_TRUE(claim_socket_path(folder / "s"));
  EXPECT_FALSE(std::filesystem::exists(folder / "s"));
}

TEST(ClaimSocketPath, LeavesEverythingElseAlone) {
  const test::TempFolder folder;
  std::ofstream(folder / "file") << "precious";
  EXPECT_EQ(claim_socket_path(folder / "file").error().message, folder / "file: exists and is no socket");
  EXPECT_TRUE(std::filesystem::exists(folder / "file"));

  const FileDescriptor served = socket_at(folder / "live", true);
  EXPECT_EQ(claim_socket_path(folder / "live").error().message, folder / "live: another program serves this socket");
  EXPECT_TRUE(std::filesystem::exists(folder / "live"));

  std::filesystem::create_symlink(folder / "file", folder / "link");
  EXPECT_EQ(claim_socket_path(folder / "link").error().message,
            folder / "link: is a symbolic link; name the socket itself");
  std::filesystem::create_symlink(folder / "nowhere", folder / "dangling");
  EXPECT_FALSE(claim_socket_path(folder / "dangling"));
  EXPECT_FALSE(claim_socket_path(folder / "missing/s"));

  std::filesystem::create_symlink(folder / "elsewhere", folder / "t.lock");  // the lock is not to be led astray either
  EXPECT_FALSE(claim_socket_path(folder / "t"));
  EXPECT_FALSE(std::filesystem::exists(folder / "elsewhere"));
}

TEST(ClaimSocketPath, IsHeldByOne) {
  const test::TempFolder folder;
  {
    const auto first = claim_socket_path(folder / "s");
    ASSERT_TRUE(first);
    EXPECT_EQ(claim_socket_path(folder / "s").error().message,
              folder / "s: another postern serves this socket (its lock is held)");
  }
  EXPECT_TRUE(claim_socket_path(folder / "s"));
}

TEST(GiveToGroup, KnowsGroups) {
  const test::TempFolder folder;
  const FileDescriptor fd = socket_at(folder / "s", true);
  EXPECT_TRUE(give_to_group(folder / "s", ""));
  EXPECT_EQ(give_to_group(folder / "s", "no-such-group").error().message,
            folder / "s: there is no group \"no-such-group\"");
}

TEST(ControlSocket, AnswersOneLineWithOneLine) {
  const test::TempFolder folder;
  Counters counters;
  auto control = ControlSocket::open(folder / "c");
  ASSERT_TRUE(control) << control.error().message;
  struct stat found {};
  ASSERT_EQ(stat((folder / "c").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0660U);
  (*control)->start(
      [](std::string_view command) { return command == "who" ? std::string("{\"me\":1}") : std::string(); }, counters);
  EXPECT_EQ(*ask_daemon(folder / "c", "who"), "{\"me\":1}");
  EXPECT_EQ(*ask_daemon(folder / "c", "what"), "{\"error\":\"unknown command\"}");
  EXPECT_FALSE(ask_daemon(folder / "c", std::string(3000, 'x')));  // longer than a command can be
  EXPECT_EQ(*ask_daemon(folder / "c", "who"), "{\"me\":1}");
  EXPECT_EQ(counters.snapshot().at("control.bad_requests"), 1);
  (*control).reset();
  EXPECT_FALSE(std::filesystem::exists(folder / "c"));
  EXPECT_EQ(ask_daemon(folder / "c", "who").error().message, folder / "c: no postern is running there");
}

}  // namespace
}  // namespace postern
