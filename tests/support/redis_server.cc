#include "tests/support/redis_server.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace postern::test {

std::string RedisServer::missing() {
  for (const char* name : {"redis-server", "redis-cli", "setpriv"}) {
    if (program(name).empty()) return name;
  }
  return {};
}

RedisServer::RedisServer(const std::string& more) : port_(free_port()) {
  write("redis.conf", fmt::format("port {}\nbind 127.0.0.1\nunixsocket {}\nunixsocketperm 777\nsave \"\"\n"
                                  "appendonly no\ndir {}\nenable-debug-command yes\n{}\n",
                                  port_, socket(), folder(), more));
  start();
}

RedisServer::RedisServer(Tls) : port_(free_port()), tls_port_(free_port()) {
  run({program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=redis.acme.example", "-addext",
       "subjectAltName=IP:127.0.0.1"});
  write("redis.conf",
        fmt::format("port {}\nbind 127.0.0.1\nunixsocket {}\nunixsocketperm 777\nsave \"\"\ndir {}\ntls-port {}\n"
                    "tls-cert-file cert.pem\ntls-key-file key.pem\ntls-auth-clients no\n",
                    port_, socket(), folder(), tls_port_));
  start();
}

RedisServer::~RedisServer() { thaw(); }

std::vector<std::string> RedisServer::command() const { return {program("redis-server"), folder_ / "redis.conf"}; }

bool RedisServer::answers() const { return listens(socket()) && (tls_port_ == 0 || listens(tls_port_)); }

std::string RedisServer::command_line(const std::string& words) const {
  write("words", words + "\n");
  run({"/bin/sh", "-c", fmt::format("exec {} -s {} < words > answer", program("redis-cli"), socket())});
  std::ifstream in(folder_ / "answer", std::ios::binary);
  std::string answer{std::istreambuf_iterator<char>(in), {}};
  while (!answer.empty() && answer.back() == '\n') answer.pop_back();
  return answer;
}

RedisSentinel::RedisSentinel(std::uint16_t master) : port_(free_port()) {
  write("sentinel.conf", fmt::format("port {}\nbind 127.0.0.1\ndir {}\nsentinel monitor mail 127.0.0.1 {} 1\n"
                                     "sentinel down-after-milliseconds mail 300\nsentinel failover-timeout mail 2000\n",
                                     port_, folder(), master));
  start();
}

std::vector<std::string> RedisSentinel::command() const {
  return {program("redis-server"), folder_ / "sentinel.conf", "--sentinel"};
}

}  // namespace postern::test
