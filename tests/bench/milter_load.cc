// milter_load: drives a milter over its socket as an MTA would, without one, and prints what it measured as one JSON
// line.

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/load.h"

namespace {

constexpr const char* kUsage =
    "usage: milter_load --address unix:/path|inet:port@ip [--pid PID]... [--sessions 8] [--messages 10000]\n"
    "                   [--warm-up 200] [--per-connection 1] [--idle 0] [--body BYTES] [--mails FILE]\n"
    "                   [--offer STEPS] [--offer-actions ACTIONS] [--negotiate] [--logged-in]\n"
    "                   [--logins NUMBER]\n"
    "--mails FILE has a line a mail: sender domain, client address, client name, HELO; they are taken in turn.\n"
    "A fifth word is the file of the message, with LF, whose author is user@DOMAIN; without it one is made up.\n"
    "--logged-in sends as user@DOMAIN with the login login@DOMAIN.\n"
    "--logins so many, in turn: login0@DOMAIN, login1@DOMAIN, …\n"
    "--offer takes a mask of protocol steps (0x1fffff: all); --negotiate prints what the milter asks for and sends\n"
    "one message only.\n";

using postern::bench::Mail;
using postern::bench::Microseconds;

double percentile(const Microseconds& sorted, double part) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(sorted.size()));
  return static_cast<double>(sorted[std::min(sorted.size() - 1, at)]);
}

std::string times(const Microseconds& sorted) {
  return fmt::format("{{\"p50\":{:.0f},\"p99\":{:.0f}}}", percentile(sorted, 0.5), percentile(sorted, 0.99));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", c);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void print(const postern::bench::Measured& result) {
  std::string verdicts;
  for (const auto& [name, count] : result.verdicts)
    verdicts += fmt::format("{}\"{}\":{}", verdicts.empty() ? "" : ",", name, count);
  std::string steps;
  for (const auto& [command, took] : result.steps)
    steps += fmt::format("{}\"{}\":{}", steps.empty() ? "" : ",", command, times(took));
  const double messages = static_cast<double>(std::max<std::size_t>(result.messages, 1));
  fmt::print(
      "{{\"messages\":{},\"per_second\":{:.0f},\"cpu_us\":{:.2f},\"whole_us\":{},\"steps_us\":{{{}}},\"pss_kib\":{},"
      "\"threads\":{},\"broken\":{},\"steps\":{},\"actions\":{},\"verdicts\":{{{}}},\"added\":{}}}\n",
      result.messages, messages / result.seconds, result.cpu_seconds * 1e6 / messages, times(result.whole), steps,
      result.pss_kib, result.threads, result.broken, result.negotiated.steps, result.negotiated.actions, verdicts,
      quoted(result.added));
}

/// The same mails, over and over, each by a login of its own.
std::vector<Mail> by_logins(const std::vector<Mail>& mails, std::size_t logins) {
  std::vector<Mail> all;
  for (std::size_t i = 0; i < logins; ++i) {
    all.push_back(mails[i % mails.size()]);
    all.back().login = fmt::format("login{}", i);
  }
  return all;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!(text << file.rdbuf())) throw std::runtime_error(path + " cannot be read");
  return text.str();
}

std::vector<Mail> read_mails(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::vector<Mail> mails;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    Mail mail;
    std::string message;
    if (!(words >> mail.sender_domain >> mail.client >> mail.client_name >> mail.helo)) continue;
    if (words >> message) mail.text = postern::bench::parse_message(content(message));
    mails.push_back(std::move(mail));
  }
  return mails;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    postern::bench::Load load;
    std::size_t body_bytes = Mail{}.body_bytes;
    bool is_logged_in = false;
    std::size_t login_count = 0;
    enum Option {
      address = 1,
      pid,
      sessions,
      messages,
      warm_up,
      per_connection,
      idle,
      body,
      mails,
      offer,
      offer_actions,
      negotiate,
      logged_in,
      logins
    };
    const option options[] = {{"address", 1, nullptr, address},
                              {"pid", 1, nullptr, pid},
                              {"sessions", 1, nullptr, sessions},
                              {"messages", 1, nullptr, messages},
                              {"warm-up", 1, nullptr, warm_up},
                              {"per-connection", 1, nullptr, per_connection},
                              {"idle", 1, nullptr, idle},
                              {"body", 1, nullptr, body},
                              {"mails", 1, nullptr, mails},
                              {"offer", 1, nullptr, offer},
                              {"offer-actions", 1, nullptr, offer_actions},
                              {"negotiate", 0, nullptr, negotiate},
                              {"logged-in", 0, nullptr, logged_in},
                              {"logins", 1, nullptr, logins},
                              {nullptr, 0, nullptr, 0}};
    const auto count = [] { return static_cast<std::size_t>(std::stoul(optarg)); };
    const auto mask = [] { return static_cast<std::uint32_t>(std::stoul(optarg, nullptr, 0)); };
    for (int chosen; (chosen = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
      switch (chosen) {
        case address: load.address = optarg; break;
        case pid: load.pids.push_back(std::stoi(optarg)); break;
        case sessions: load.sessions = count(); break;
        case messages: load.messages = count(); break;
        case warm_up: load.warm_up = count(); break;
        case per_connection: load.per_connection = count(); break;
        case idle: load.idle = count(); break;
        case body: body_bytes = count(); break;
        case mails: load.mails = read_mails(optarg); break;
        case offer: load.offered_steps = mask(); break;
        case offer_actions: load.offered_actions = mask(); break;
        case logged_in: is_logged_in = true; break;
        case logins: login_count = count(); break;
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
    if (load.mails.empty()) load.mails.emplace_back();
    if (login_count != 0) load.mails = by_logins(load.mails, login_count);
    for (Mail& mail : load.mails) {
      mail.body_bytes = body_bytes;
      mail.logged_in = is_logged_in || login_count != 0;
    }
    print(postern::bench::run(load));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "milter_load: %s\n", error.what());
    return 1;
  }
}
