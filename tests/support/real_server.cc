#include "tests/support/real_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace postern::test {

namespace {

using namespace std::chrono_literals;

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

pid_t spawn(std::vector<std::string> command, const std::string& folder, const std::string& output,
            bool as_nobody = geteuid() == 0) {
  if (as_nobody)
    command.insert(command.begin(), {program("setpriv"), "--reuid=nobody", "--regid=nogroup", "--clear-groups"});
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  pid_t pid = -1;
  if (posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

template <class Address>
bool connects(int family, const Address& address) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return connected;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

std::string program(const std::string& name) {
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/lib/postgresql/15/bin/", "/usr/lib/postgresql/16/bin/",
                             "/usr/lib/postgresql/17/bin/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return {};
}

bool listens(std::uint16_t port) { return connects(AF_INET, loopback(port)); }

bool listens(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
  return connects(AF_UNIX, address);
}

void sqlite(const std::string& database, const std::string& sql) {
  const TempFolder folder;
  std::ofstream(folder / "sql") << sql;
  const pid_t pid = spawn({program("sqlite3"), "-bail", database, ".read " + (folder / "sql")}, folder.path(),
                          folder / "output", false);
  int status = -1;
  if (pid > 0) waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error("sqlite3: " + content(folder / "output"));
}

RealServer::RealServer() { give(folder_.path()); }

RealServer::~RealServer() { end(SIGKILL); }

void RealServer::give(const std::string& path) const {
  if (geteuid() != 0) return;
  const passwd* nobody = getpwnam("nobody");
  const group* nogroup = getgrnam("nogroup");
  if (nobody == nullptr || nogroup == nullptr || chown(path.c_str(), nobody->pw_uid, nogroup->gr_gid) != 0)
    throw std::runtime_error("cannot give " + path + " to nobody");
}

void RealServer::write(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / name) << text;
  give(folder_ / name);
}

void RealServer::run(const std::vector<std::string>& command) const {
  const std::string output = folder_ / "output";
  const pid_t pid = spawn(command, folder(), output);
  int status = -1;
  if (pid > 0) waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error(command[0] + ": " + content(output));
}

void RealServer::start() {
  if (pid_ > 0) return;
  const std::string log = folder_ / "log";
  pid_ = spawn(command(), folder(), log);
  for (int i = 0; pid_ > 0 && i < 3000; ++i) {
    if (answers()) return;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) break;
    std::this_thread::sleep_for(10ms);
  }
  end(SIGKILL);
  throw std::runtime_error(command()[0] + ": " + content(log));
}

namespace {

// A signal to stop reaches the threads of a process one by one; until then some of them answer.
bool stands_still(pid_t pid) {
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored)) {
    std::string stat;
    std::ifstream in(task.path() / "stat");
    std::getline(in, stat);
    const std::size_t state = stat.rfind(')');
    if (state != std::string::npos && state + 2 < stat.size() && stat[state + 2] != 'T') return false;
  }
  return true;
}

}  // namespace

int RealServer::stop_signal() const { return SIGTERM; }
void RealServer::stop() { end(stop_signal()); }
void RealServer::kill() { end(SIGKILL); }
void RealServer::freeze() {
  signal(SIGSTOP);
  for (int i = 0; i < 500 && !stands_still(pid_); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}
void RealServer::thaw() { signal(SIGCONT); }

// To its children, too: PostgreSQL has a process a connection. First to them, while they are its children; it stands still
// meanwhile, so that it has no further ones.
void RealServer::signal(int number) const {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGSTOP);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    if (std::atoi(entry.path().filename().c_str()) <= 0) continue;
    std::string stat;
    std::ifstream in(entry.path() / "stat");
    std::getline(in, stat);                     // it may be gone: no exception for that
    const std::size_t state = stat.rfind(')');  // "PID (NAME) STATE PARENT …"
    if (state == std::string::npos || state + 4 > stat.size()) continue;
    if (std::atol(stat.c_str() + state + 4) == pid_) ::kill(std::atoi(stat.c_str()), number);
  }
  ::kill(pid_, number);
}

void RealServer::end(int number) {
  if (pid_ <= 0) return;
  if (number == SIGKILL)
    signal(number);
  else
    ::kill(pid_, number);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

// ---- PostgreSQL ------------------------------------------------------------------------------------------------------

std::string PostgresServer::missing() {
  for (const char* name : {"initdb", "postgres", "psql", "setpriv"}) {
    if (program(name).empty()) return name;
  }
  return {};
}

PostgresServer::PostgresServer() : port_(free_port()) {
  run({program("initdb"), "-D", "data", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-A",
       "trust"});
  write("data/pg_hba.conf",
        "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n");
  start();
}

std::vector<std::string> PostgresServer::command() const {
  return {program("postgres"),
          "-D",
          "data",
          "-F",
          "-k",
          folder(),
          "-p",
          std::to_string(port_),
          "-c",
          "listen_addresses=127.0.0.1",
          "-c",
          "max_connections=30",
          "-c",
          "shared_buffers=2MB"};
}

bool PostgresServer::answers() const {
  if (!listens(fmt::format("{}/.s.PGSQL.{}", folder(), port_))) return false;
  try {
    execute("select 1");  // it listens before it is ready
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

int PostgresServer::stop_signal() const { return SIGINT; }  // fast shutdown: waits for no client

void PostgresServer::execute(const std::string& sql) const {
  write("script.sql", sql);
  run({program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", folder(), "-p", std::to_string(port_), "-U",
       "postgres", "-d", "postgres", "-f", "script.sql"});
}

std::string PostgresServer::dsn(const std::string& user) const {
  return fmt::format("postgresql://{}@/postgres?host={}&port={}", user, folder(), port_);
}

std::string PostgresServer::tcp_dsn(const std::string& user) const {
  return fmt::format("postgresql://{}@127.0.0.1:{}/postgres", user, port_);
}

// ---- MariaDB ---------------------------------------------------------------------------------------------------------

std::string MariadbServer::missing() {
  for (const char* name : {"mariadb-install-db", "mariadbd", "my_print_defaults", "setpriv"}) {
    if (program(name).empty()) return name;
  }
  return {};
}

MariadbServer::MariadbServer(const std::string& setup) {
  run({program("mariadb-install-db"), "--no-defaults", "--datadir=" + (folder_ / "data"),
       "--auth-root-authentication-method=normal", "--skip-test-db"});
  write("setup.sql", setup);
  start();
}

std::vector<std::string> MariadbServer::command() const {
  return {program("mariadbd"),
          "--no-defaults",
          "--datadir=" + (folder_ / "data"),
          "--skip-networking",
          "--socket=" + socket(),
          "--pid-file=" + (folder_ / "pid"),
          "--innodb-buffer-pool-size=8M",
          "--innodb-flush-log-at-trx-commit=0",
          "--init-file=" + (folder_ / "setup.sql")};
}

bool MariadbServer::answers() const { return listens(socket()); }

std::string MariadbServer::dsn(const std::string& user) const {
  return fmt::format("mysql://{}@/mail?socket={}", user, socket());
}

// ---- slapd -----------------------------------------------------------------------------------------------------------

std::string LdapServer::missing() {
  for (const char* name : {"slapd", "slapadd", "openssl", "setpriv"}) {
    if (program(name).empty()) return name;
  }
  return {};
}

LdapServer::LdapServer(const std::string& ldif) : port_(free_port()), tls_port_(free_port()) {
  run({program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=ldap.acme.example", "-addext",
       "subjectAltName=IP:127.0.0.1"});
  std::filesystem::create_directory(folder_ / "data");
  give(folder_ / "data");
  write("slapd.conf",
        fmt::format("include /etc/ldap/schema/core.schema\n"
                    "include /etc/ldap/schema/cosine.schema\n"
                    "include /etc/ldap/schema/inetorgperson.schema\n"
                    "include /etc/ldap/schema/misc.schema\n"
                    "modulepath /usr/lib/ldap\nmoduleload back_mdb\n"
                    "pidfile {0}/pid\nTLSCertificateFile {0}/cert.pem\nTLSCertificateKeyFile {0}/key.pem\n"
                    "sizelimit 500\n"
                    "database mdb\nmaxsize 10485760\nsuffix dc=acme,dc=example\ndirectory {0}/data\n"
                    "rootdn cn=admin,dc=acme,dc=example\nrootpw secret\n"
                    "access to attrs=userPassword by anonymous auth by * none\naccess to * by * read\n",
                    folder()));
  write("world.ldif", ldif);
  run({program("slapadd"), "-f", "slapd.conf", "-l", "world.ldif"});
  start();
}

std::vector<std::string> LdapServer::command() const {
  return {program("slapd"),
          "-f",
          folder_ / "slapd.conf",
          "-d",
          "0",
          "-h",
          fmt::format("{0} ldap://127.0.0.1:{1} ldap://127.0.0.2:{1} ldaps://127.0.0.1:{2} ldaps://127.0.0.2:{2}",
                      ldapi(), port_, tls_port_)};
}

bool LdapServer::answers() const { return listens(folder_ / "ldapi") && listens(port_) && listens(tls_port_); }

std::string LdapServer::ldapi() const {
  std::string path;
  for (const char c : folder_ / "ldapi") path += c == '/' ? std::string("%2f") : std::string(1, c);
  return "ldapi://" + path;
}
std::string LdapServer::ldap() const { return fmt::format("ldap://127.0.0.1:{}", port_); }
std::string LdapServer::ldaps() const { return fmt::format("ldaps://127.0.0.1:{}", tls_port_); }

}  // namespace postern::test
