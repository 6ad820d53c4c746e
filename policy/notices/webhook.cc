#include "policy/notices/webhook.h"

#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <thread>

#include "policy/base/port.h"
#include "policy/base/text.h"
#include "policy/notices/incident_json.h"
#include "policy/notices/quiet_thread.h"

namespace postern::notices {

namespace {

using Kind = Attempt::Kind;
using std::chrono::milliseconds;

constexpr std::size_t kMostTokenBytes = 4096;         // local
constexpr auto kMostConnecting = milliseconds(5000);  // local: it cannot be interrupted

milliseconds left(SteadyTime until) {
  return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()));
}

int new_event() {
  const int event = ::eventfd(0, EFD_CLOEXEC);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

/// Stops a client at a moment, or when it is interrupted: each single wait of the library has a limit, all together have
/// none.
class Stopper {
 public:
  Stopper(httplib::Client& client, SteadyTime until, const Interrupt& interrupt)
      : done_(new_event()), thread_(quiet_thread("postern-n-stop", [this, &client, until, &interrupt] {
          pollfd ends[2] = {{done_, POLLIN, 0}, {interrupt.descriptor(), POLLIN, 0}};
          ::poll(ends, 2, static_cast<int>(left(until).count()));
          while (ends[0].revents == 0) {  // again and again: it may be between two connections
            client.stop();
            ::poll(ends, 1, 20);
          }
        })) {}
  ~Stopper() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(done_, &one, sizeof one);
    thread_.join();
    ::close(done_);
  }
  Stopper(const Stopper&) = delete;
  Stopper& operator=(const Stopper&) = delete;

 private:
  const int done_;
  std::thread thread_;
};

// The first line of the file, or why it cannot be used. Never tells what is in it.
std::string read_token(const std::string& path, std::string& problem) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return problem = "the token file cannot be read", "";
  if ((st.st_mode & S_IROTH) != 0) return problem = "the token file can be read by everybody", "";
  std::ifstream file(path, std::ios::binary);
  std::string bytes(kMostTokenBytes + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  const std::string token(trim(std::string_view(bytes).substr(0, bytes.find('\n'))));
  const bool fits = !token.empty() && token.size() <= kMostTokenBytes &&
                    std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!fits) problem = "the token file holds no token";  // RFC 6750 2.1
  return fits ? token : std::string();
}

Attempt attempt_of(int status) {
  if (status >= 200 && status < 300) return {Kind::told, {}};
  // RFC 9110 15.5: a 4xx is the client's fault, and stays; but for these two.
  const bool later = status >= 500 || status == 408 || status == 429;
  return {later ? Kind::again : Kind::refused, fmt::format("HTTP status {}", status)};
}

}  // namespace

std::optional<WebhookUrl> WebhookUrl::parse(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  const std::string lower = ascii_lower(url.substr(0, scheme));
  if (lower != "http" && lower != "https") return std::nullopt;
  if (!std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; }))
    return std::nullopt;
  url = url.substr(0, url.find('#'));
  const std::string_view rest = url.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.empty() || authority.find('@') != std::string_view::npos || authority.front() == ':')
    return std::nullopt;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.back() != ']' && !parse_port(authority.substr(colon + 1)))
    return std::nullopt;
  const std::string_view target = rest.substr(authority.size());
  return WebhookUrl{.origin = fmt::format("{}://{}", lower, authority),
                    .target = target.starts_with('/') ? std::string(target) : fmt::format("/{}", target)};
}

Webhook::Webhook(WebhookUrl url, std::string token_file, std::string hostname, const Interrupt& interrupt)
    : url_(std::move(url)), token_file_(std::move(token_file)), hostname_(std::move(hostname)), interrupt_(interrupt) {}

Attempt Webhook::tell(const Notice& notice, const std::string&, SteadyTime until) {
  httplib::Client client(url_.origin);
  if (!client.is_valid()) return {Kind::refused, "the URL of the webhook cannot be used"};
  client.set_follow_location(false);
  client.enable_server_certificate_verification(true);
  client.set_connection_timeout(std::min(left(until), kMostConnecting));
  const milliseconds never = left(until) + kMostConnecting;  // the Stopper comes before
  client.set_read_timeout(never);
  client.set_write_timeout(never);

  int status = 0;
  httplib::Request request;
  request.method = "POST";
  request.path = url_.target;
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "postern"}};
  if (!token_file_.empty()) {
    std::string problem;
    const std::string token = read_token(token_file_, problem);
    if (token.empty()) return {Kind::again, std::move(problem)};
    request.headers.emplace("Authorization", "Bearer " + token);
  }
  request.body = incident_json(notice, hostname_);
  request.response_handler = [&](const httplib::Response& response) {
    status = response.status;
    return false;  // the body, which may be endless, is not read
  };
  const Stopper stopper(client, until, interrupt_);
  const httplib::Result result = client.send(request);
  if (result) status = result->status;
  if (status != 0) return attempt_of(status);
  if (std::chrono::steady_clock::now() >= until) return {Kind::again, "no answer in time"};
  return {Kind::again, "HTTP: " + httplib::to_string(result.error())};
}

}  // namespace postern::notices
