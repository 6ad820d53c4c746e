#include "tests/support/lookup_servers.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <filesystem>

namespace postern::test {

namespace {

std::string who_serves() {
  const passwd* self = getpwuid(geteuid());
  return geteuid() == 0 || self == nullptr ? "nobody" : self->pw_name;
}

}  // namespace

// ---- Dovecot ---------------------------------------------------------------------------------------------------------

std::string DovecotServer::missing() {
  for (const char* name : {"dovecot", "setpriv"}) {
    if (program(name).empty()) return name;
  }
  return {};
}

DovecotServer::DovecotServer(const std::string& users) {
  write("users", users);
  write("dovecot.conf", fmt::format(R"(base_dir = {0}/run
state_dir = {0}/state
log_path = {0}/dovecot.log
protocols =
listen = 127.0.0.1
ssl = no
default_internal_user = {1}
default_internal_group = {2}
default_login_user = {1}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = {0}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {0}/users
}}
service anvil {{
  chroot =
}}
service auth {{
  user = {1}
  unix_listener auth-userdb {{
    mode = 0600
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0600
  }}
}}
)",
                                    folder(), who_serves(), geteuid() == 0 ? "nogroup" : who_serves()));
  start();
}

std::vector<std::string> DovecotServer::command() const {
  return {program("dovecot"), "-F", "-c", folder_ / "dovecot.conf"};
}

bool DovecotServer::answers() const { return listens(socket()); }

// ---- table_server.py -------------------------------------------------------------------------------------------------

std::string TableServer::missing() {
  for (const char* name : {"python3", "setpriv"}) {
    if (program(name).empty()) return name;
  }
  return {};
}

TableServer::TableServer(Protocol protocol) : protocol_(protocol), port_(free_port()) { start(); }

std::vector<std::string> TableServer::command() const {
  return {program("python3"), POSTERN_TABLE_SERVER, protocol_ == Protocol::tcp ? "tcp" : "socketmap",
          std::to_string(port_), folder()};
}

void TableServer::behave() const {
  for (const char* told : {"lie", "slow"}) std::filesystem::remove(folder_ / told);
}

bool TableServer::answers() const { return listens(port_); }

std::string TableServer::table() const {
  return protocol_ == Protocol::tcp ? fmt::format("tcp:127.0.0.1:{}", port_)
                                    : fmt::format("socketmap:inet:127.0.0.1:{}:owners", port_);
}

}  // namespace postern::test
