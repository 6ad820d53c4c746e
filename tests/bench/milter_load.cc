// milter_load: drives a milter over its socket as an MTA would, without one, and prints what it measured as one JSON
// line.

#include <fmt/format.h>
#include <getopt.h>

#include <cstdio>
#include <exception>
#include <string>

#include "tests/bench/load.h"

namespace {

constexpr const char* kUsage =
    "usage: milter_load --address unix:/path|inet:port@ip [--pid PID] [--sessions 8] [--messages 10000] [--warm-up "
    "200]\n"
    "                   [--per-connection 1] [--body BYTES] [--offer STEPS] [--offer-actions ACTIONS] [--negotiate]\n"
    "--offer takes a mask of protocol steps (0x1fffff: all); --negotiate prints what the milter asks for and sends one "
    "message only.\n";

double percentile(const std::vector<float>& sorted, double part) {
  return sorted.empty() ? 0
                        : static_cast<double>(sorted[std::min(
                              sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))]);
}

void print(const postern::bench::Measured& result) {
  std::string verdicts;
  for (const auto& [name, count] : result.verdicts)
    verdicts += fmt::format("{}\"{}\":{}", verdicts.empty() ? "" : ",", name, count);
  const double messages = static_cast<double>(std::max<std::size_t>(result.messages, 1));
  fmt::print(
      "{{\"messages\":{},\"per_second\":{:.0f},\"cpu_us\":{:.2f},\"p50_us\":{:.0f},\"p99_us\":{:.0f},\"broken\":{},"
      "\"steps\":{},\"actions\":{},"
      "\"verdicts\":{{{}}}}}\n",
      result.messages, messages / result.seconds, result.cpu_seconds * 1e6 / messages,
      percentile(result.microseconds, 0.5), percentile(result.microseconds, 0.99), result.broken,
      result.negotiated.steps, result.negotiated.actions, verdicts);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    postern::bench::Load load;
    enum Option {
      address = 1,
      pid,
      sessions,
      messages,
      warm_up,
      per_connection,
      body,
      offer,
      offer_actions,
      negotiate
    };
    const option options[] = {{"address", 1, nullptr, address},
                              {"pid", 1, nullptr, pid},
                              {"sessions", 1, nullptr, sessions},
                              {"messages", 1, nullptr, messages},
                              {"warm-up", 1, nullptr, warm_up},
                              {"per-connection", 1, nullptr, per_connection},
                              {"body", 1, nullptr, body},
                              {"offer", 1, nullptr, offer},
                              {"offer-actions", 1, nullptr, offer_actions},
                              {"negotiate", 0, nullptr, negotiate},
                              {nullptr, 0, nullptr, 0}};
    const auto count = [] { return static_cast<std::size_t>(std::stoul(optarg)); };
    const auto mask = [] { return static_cast<std::uint32_t>(std::stoul(optarg, nullptr, 0)); };
    for (int chosen; (chosen = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
      switch (chosen) {
        case address: load.address = optarg; break;
        case pid: load.pid = std::stoi(optarg); break;
        case sessions: load.sessions = count(); break;
        case messages: load.messages = count(); break;
        case warm_up: load.warm_up = count(); break;
        case per_connection: load.per_connection = count(); break;
        case body: load.mail.body_bytes = count(); break;
        case offer: load.offered_steps = mask(); break;
        case offer_actions: load.offered_actions = mask(); break;
        case negotiate:
          load.sessions = load.messages = 1;
          load.warm_up = 0;
          break;
        default: std::fputs(kUsage, stderr); return 2;
      }
    }
    if (load.address.empty() || optind != argc || load.sessions == 0) {
      std::fputs(kUsage, stderr);
      return 2;
    }
    print(postern::bench::run(load));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "milter_load: %s\n", error.what());
    return 1;
  }
}
