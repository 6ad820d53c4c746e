// scripted_dns SCRIPT [PORT]: serves a script (see scripted_dns.h) until it is told to end; prints 127.0.0.1@PORT when
// it listens.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/scripted_dns.h"

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: scripted_dns SCRIPT [PORT]\n");
    return 2;
  }
  try {
    std::ifstream file(argv[1], std::ios::binary);
    if (!file) throw std::runtime_error(std::string("cannot read ") + argv[1]);
    const std::string script((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const postern::test::ScriptedDns server(
        script, argc == 3 ? static_cast<std::uint16_t>(std::atoi(argv[2])) : std::uint16_t{0});
    std::printf("127.0.0.1@%u\n", unsigned{server.port()});
    std::fflush(stdout);
    for (;;) pause();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "scripted_dns: %s\n", e.what());
    return 1;
  }
}
