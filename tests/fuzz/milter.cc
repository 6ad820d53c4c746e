#include <libmilter/mfapi.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include "config/configuration.h"
#include "milter/door.h"
#include "milter/gate.h"
#include "policy/dns/zone_resolver.h"
#include "tests/fuzz/oracle.h"
#include "tests/support/milter_client.h"
#include "tests/support/temp_folder.h"

using namespace postern;
using fuzz::hold;

namespace {

using namespace std::chrono_literals;

constexpr char kConfiguration[] =
    "version: 1\n"
    "site: {hostname: mx.site.test, domains: [site.test], networks: [10.0.0.0/8], submission: [submission]}\n"
    "rules:\n"
    "  - {name: helo, when: 'helo matches \"^[0-9]+$\"', reject: \"No number, {helo}\"}\n"
    "  - {name: user, when: 'recipient.local == \"bad\"', reject: \"No {recipient} here\"}\n"
    "  - {name: spam, when: 'header.Subject contains \"spam\"', quarantine: \"{header.Subject}\"}\n"
    "  - {name: large, when: size > 20000, reject: {code: 552, status: 5.3.4, text: \"Too large\"}}\n"
    "  - {name: mark, when: authenticated, add_header: {X-Login: \"{login}\"}}\n"
    "  - include: presets/inbound.yaml\n";
constexpr char kZone[] = "a.test. MX 10 mx.a.test.\nmx.a.test. A 8.8.8.8\n; FAULT fails.test. MX SERVFAIL\n";

std::shared_ptr<const Policy> load_policy() {
  Problems problems;
  auto configuration =
      config::load_text("f.yaml", kConfiguration, ".", {.generation = 1, .zone_file = {}, .offline = true}, problems);
  hold(configuration.has_value(), "the configuration is usable");
  return configuration->policy;
}

/// The callbacks behind real libmilter and our door, on a socket of its own.
class Milter {
 public:
  Milter() {
    hold(register_callbacks(), "libmilter takes the callbacks");
    std::string address = "unix:" + path();
    hold(smfi_setconn(address.data()) == MI_SUCCESS && smfi_opensocket(false) == MI_SUCCESS, "libmilter listens");
    smfi_setmaxdatasize(1U << 20U);
    hang(*new Door(counters_, {}));  // never deleted, as in the daemon
    attach(gate_);
    std::thread([] { smfi_main(); }).detach();
  }

  std::string path() const { return folder_ / "f.sock"; }

  // Whether nothing is left of any session, within a time that is long enough on any machine.
  bool comes_to_rest() {
    const auto until = std::chrono::steady_clock::now() + 10s;
    const auto rests = [this] {
      return admission_.sessions() == 0 && counters_->get("milter.sessions").value() == 0 &&
             counters_->get("milter.callbacks").value() == 0;
    };
    while (!rests()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(50us);
    }
    return true;
  }

 private:
  test::TempFolder folder_;
  SystemClock clock_;
  Log log_{LogForm::logfmt, LogLevel::error};
  const std::shared_ptr<Counters> counters_ = std::make_shared<Counters>();
  std::unique_ptr<dns::ZoneResolver> zone_ = dns::ZoneResolver::parse("zone", kZone).value();
  Pool pool_{"evidence", 0, 0};
  Services services_{clock_, log_, *counters_, *zone_, pool_, {}};
  PolicyInForce policy_{load_policy(), clock_.wall()};
  Admission admission_{*counters_};
  Gate gate_{.services = services_, .policy = policy_, .admission = admission_};
};

std::uint32_t number_at(std::string_view bytes) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[0]) << 24U |
                                    static_cast<unsigned char>(bytes[1]) << 16U |
                                    static_cast<unsigned char>(bytes[2]) << 8U | static_cast<unsigned char>(bytes[3]));
}

// One connection that says `bytes` and no more; all that is answered.
std::string say(const std::string& path, std::string_view bytes) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  hold(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0, "libmilter serves");
  std::string answer;
  bool ended = false;
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!ended) {
    hold(std::chrono::steady_clock::now() < until, "a session ends when its client has no more to say");
    pollfd ready{fd, static_cast<short>(bytes.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    poll(&ready, 1, 100);
    if ((ready.revents & POLLOUT) != 0) {
      const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      bytes.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : count < 0 && errno == EPIPE ? bytes.size() : 0);
    }
    if (bytes.empty()) shutdown(fd, SHUT_WR);
    if ((ready.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      char buffer[4096];
      const ssize_t count = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (count > 0) answer.append(buffer, static_cast<std::size_t>(count));
      ended = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
    }
  }
  close(fd);
  return answer;
}

// What the MTA gets is whole packets of the protocol, and a refusal in words is 4yz or 5yz.
void check_answer(std::string_view answer) {
  while (!answer.empty()) {
    hold(answer.size() >= 5, "an answer has a head");
    const std::uint32_t size = number_at(answer);
    hold(size >= 1 && answer.size() >= 4 + size, "an answer is whole");
    const char command = answer[4];
    const std::string_view data = answer.substr(5, size - 1);
    hold(std::string_view("Oacdrtyshimpq").find(command) != std::string_view::npos, "an answer is one that we give");
    if (command == 'y') {
      hold(data.size() > 10 && (data[0] == '4' || data[0] == '5') && data[0] == data[4],
           "a refusal has codes of one class");
      hold(data.find_first_of("\x01\x1b\x7f\t") == std::string_view::npos, "a refusal is printable");
    }
    answer.remove_prefix(4 + size);
  }
}

std::string packet(char command, std::string_view data) {
  const auto size = static_cast<std::uint32_t>(data.size() + 1);
  std::string out;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(size >> shift & 0xffU);
  return out + command + std::string(data);
}

// The first byte says what the rest is: bytes as they go to the socket, or commands with a length byte and data that
// become packets; and whether an orderly beginning stands before it.
std::string bytes_of(std::string_view input) {
  const unsigned form = input.empty() ? 0 : static_cast<unsigned char>(input[0]);
  std::string_view rest = input.substr(std::min<std::size_t>(1, input.size()));
  std::string out;
  if ((form & 2U) != 0) {
    out += packet('O', std::string_view("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff", 12));
    out += packet('C', std::string_view("mx.a.test\0"
                                        "4\x12\x67"
                                        "8.8.8.8\0",
                                        21));
    out += packet('H', std::string_view("mx.a.test\0", 10));
  }
  if ((form & 4U) != 0) {
    out += packet('M', std::string_view("<a@a.test>\0", 11));
    out += packet('R', std::string_view("<a@site.test>\0", 14));
  }
  if ((form & 1U) == 0) return out += rest;
  while (rest.size() >= 2) {
    const std::size_t size = std::min<std::size_t>(static_cast<unsigned char>(rest[1]), rest.size() - 2);
    out += packet(rest[0], rest.substr(2, size));
    rest.remove_prefix(2 + size);
  }
  return out;
}

}  // namespace

/// Any bytes on the milter socket: libmilter and what stands behind it answer in whole packets, end the session with
/// its client, keep nothing of it, and serve the next one as ever.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Milter& milter = *new Milter();  // never deleted: libmilter's threads end with the process
  static unsigned inputs = 0;
  const std::string bytes = bytes_of(fuzz::text_of(data, size));
  check_answer(say(milter.path(), bytes));
  hold(milter.comes_to_rest(), "nothing is left of a session");
  if (++inputs % 16 != 1) return 0;
  test::MilterClient client(milter.path());
  client.greet();
  hold(client.message("<a@a.test>", "<bad@site.test>").starts_with("550 5.7.1 No bad@site.test here"),
       "the next session is right");
  client.quit();
  hold(milter.comes_to_rest(), "nothing is left of a session");
  return 0;
}
