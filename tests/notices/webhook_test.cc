#include "policy/notices/webhook.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "policy/notices/incident_json.h"
#include "tests/notices/notice_support.h"
#include "tests/support/free_port.h"
#include "tests/support/temp_folder.h"

namespace postern::notices {
namespace {

using namespace std::chrono_literals;
using Kind = Attempt::Kind;

/// An HTTP server on loopback, with a thread.
template <class Server = httplib::Server>
class Site {
 public:
  template <class... Args>
  explicit Site(Args... args) : server(args...) {
    port = server.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::sleep_for(1ms);
  }
  ~Site() {
    server.stop();
    thread_.join();
  }
  std::string url(const std::string& path, const std::string& scheme = "http", const std::string& host = "127.0.0.1") {
    return fmt::format("{}://{}:{}{}", scheme, host, port, path);
  }

  Server server;
  int port = 0;

 private:
  std::thread thread_;
};

Attempt post(const std::string& url, const Interrupt& interrupt, std::chrono::milliseconds patience = 5s,
             const std::string& token_file = {}) {
  return Webhook(*WebhookUrl::parse(url), token_file, "mx.example", interrupt)
      .tell(test::notice_of(test::limit_incident()), "", test::in(patience));
}

TEST(WebhookUrl, IsOfHttpAndHasNoUser) {
  const auto told = [](std::string_view text) {
    const auto url = WebhookUrl::parse(text);
    return url ? url->origin + " " + url->target : "-";
  };
  EXPECT_EQ(told("http://a.example"), "http://a.example /");
  EXPECT_EQ(told("HTTPS://a.example:8443/hook?x=1#y"), "https://a.example:8443 /hook?x=1");
  EXPECT_EQ(told("https://a.example?x"), "https://a.example /?x");
  EXPECT_EQ(told("http://[::1]:80/a"), "http://[::1]:80 /a");
  for (const char* bad : {"", "ftp://a.example/", "a.example/hook", "http://", "http:///a", "http://:80/",
                          "http://user:secret@a.example/", "http://a.example/a b", "http://a.example/\r\nX: y",
                          "unix:///run/x", "http://a\\@b.example/"}) {
    EXPECT_EQ(told(bad), "-") << bad;
  }
}

TEST(Webhook, PostsTheIncidentAsJson) {
  const Interrupt interrupt;
  Site site;
  httplib::Request got;
  site.server.Post("/hook", [&](const httplib::Request& request, httplib::Response&) { got = request; });
  const Attempt made = post(site.url("/hook?team=mail"), interrupt);
  EXPECT_EQ(made.kind, Kind::told) << made.problem;
  EXPECT_EQ(got.body, incident_json(test::notice_of(test::limit_incident()), "mx.example"));
  EXPECT_EQ(got.get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(got.get_param_value("team"), "mail");
  EXPECT_FALSE(got.has_header("Authorization"));
}

TEST(Webhook, BringsTheTokenOfItsFile) {
  const Interrupt interrupt;
  const postern::test::TempFolder folder;
  const std::string file = folder / "token";
  Site site;
  std::string got;
  site.server.Post("/hook", [&](const httplib::Request& request, httplib::Response&) {
    got = request.get_header_value("Authorization");
  });
  const auto write = [&](const std::string& text, mode_t mode) {
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
  };
  write("s3cret\nanother line\n", 0600);
  EXPECT_EQ(post(site.url("/hook"), interrupt, 5s, file).kind, Kind::told);
  EXPECT_EQ(got, "Bearer s3cret");
  write("changed", 0600);
  EXPECT_EQ(post(site.url("/hook"), interrupt, 5s, file).kind, Kind::told);
  EXPECT_EQ(got, "Bearer changed");

  got.clear();
  write("s3cret", 0644);
  EXPECT_EQ(post(site.url("/hook"), interrupt, 5s, file).problem, "the token file can be read by everybody");
  for (const std::string& bad :
       {std::string(), std::string("\n"), std::string("a\rX-Other: y"), std::string("a b"), std::string(5000, 'x')}) {
    write(bad, 0600);
    const Attempt made = post(site.url("/hook"), interrupt, 5s, file);
    EXPECT_EQ(made.problem, "the token file holds no token");
  }
  EXPECT_EQ(post(site.url("/hook"), interrupt, 5s, folder / "none").problem, "the token file cannot be read");
  EXPECT_EQ(got, "");
}

TEST(Webhook, FollowsNoRedirect) {
  const Interrupt interrupt;
  Site other, site;
  int reached = 0;
  other.server.Post("/in", [&](const httplib::Request&, httplib::Response&) { ++reached; });
  other.server.Get("/in", [&](const httplib::Request&, httplib::Response&) { ++reached; });
  site.server.Post("/hook", [&](const httplib::Request&, httplib::Response& response) {
    response.set_redirect(other.url("/in"), 307);
  });
  const Attempt made = post(site.url("/hook"), interrupt);
  EXPECT_EQ(made.kind, Kind::refused);
  EXPECT_EQ(made.problem, "HTTP status 307");
  EXPECT_EQ(reached, 0);
  // What the library does where it may.
  httplib::Client follows(site.url(""));
  follows.set_follow_location(true);
  follows.Post("/hook");
  EXPECT_EQ(reached, 1);
}

TEST(Webhook, TellsWhatMayDoLaterFromWhatNeverWill) {
  const Interrupt interrupt;
  Site site;
  site.server.Post(R"(/(\d+))", [](const httplib::Request& request, httplib::Response& response) {
    response.status = std::stoi(request.matches[1]);
  });
  const std::pair<int, Kind> kRows[] = {
      {200, Kind::told},    {201, Kind::told},  {204, Kind::told},  {400, Kind::refused}, {401, Kind::refused},
      {404, Kind::refused}, {408, Kind::again}, {429, Kind::again}, {500, Kind::again},   {503, Kind::again}};
  for (const auto& [status, kind] : kRows)
    EXPECT_EQ(post(site.url("/" + std::to_string(status)), interrupt).kind, kind) << status;
  const std::string nobody = fmt::format("http://127.0.0.1:{}/", postern::test::free_port());
  EXPECT_EQ(post(nobody, interrupt).kind, Kind::again);
}

/// Accepts connections and does with each what it is told.
class RawServer {
 public:
  explicit RawServer(std::function<void(int fd, const std::atomic<bool>& ending)> serve) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&at), size);
    ::listen(listener_, 10);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin_port);
    thread_ = std::thread([this] {
      for (;;) {
        const int fd = ::accept(listener_, nullptr, nullptr);
        if (fd < 0 || ending_) return;
        serve_(fd, ending_);
        ::close(fd);
      }
    });
  }
  ~RawServer() {
    ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/", port); }
  int port = 0;

 private:
  std::function<void(int, const std::atomic<bool>&)> serve_;
  std::atomic<bool> ending_{false};
  int listener_ = -1;
  std::thread thread_;
};

bool say(int fd, std::string_view text) { return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) > 0; }

std::chrono::milliseconds time_of(const std::function<void()>& what) {
  const auto began = std::chrono::steady_clock::now();
  what();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
}

TEST(Webhook, WaitsForNobodyLongerThanItMay) {
  const Interrupt interrupt;
  const RawServer silent([](int, const std::atomic<bool>& ending) {
    while (!ending) std::this_thread::sleep_for(10ms);
  });
  EXPECT_LT(time_of([&] { EXPECT_EQ(post(silent.url(), interrupt, 300ms).problem, "no answer in time"); }), 3s);
  // A byte now and then keeps each single wait short.
  const RawServer dripping([](int fd, const std::atomic<bool>& ending) {
    say(fd, "HTTP/1.1 200 OK\r\nX: ");
    while (!ending && say(fd, "x")) std::this_thread::sleep_for(20ms);
  });
  EXPECT_LT(time_of([&] { EXPECT_EQ(post(dripping.url(), interrupt, 500ms).kind, Kind::again); }), 3s);
  // What the library's own limits make of it.
  EXPECT_GT(time_of([&] {
              httplib::Client client(fmt::format("http://127.0.0.1:{}", dripping.port));
              client.set_read_timeout(500ms);
              std::thread stopper([&] {
                std::this_thread::sleep_for(1500ms);
                client.stop();
              });
              client.Post("/");
              stopper.join();
            }),
            1400ms);
}

TEST(Webhook, DoesNotReadAnEndlessAnswer) {
  const Interrupt interrupt;
  const RawServer endless([](int fd, const std::atomic<bool>& ending) {
    say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "2710\r\n" + std::string(10'000, 'x') + "\r\n";
    while (!ending && say(fd, chunk)) continue;
  });
  EXPECT_LT(time_of([&] { EXPECT_EQ(post(endless.url(), interrupt, 10s).kind, Kind::told); }), 5s);
  const RawServer garbage([](int fd, const std::atomic<bool>&) { say(fd, std::string(100'000, '\xff')); });
  EXPECT_EQ(post(garbage.url(), interrupt).kind, Kind::again);
  const RawServer closes([](int, const std::atomic<bool>&) {});
  EXPECT_EQ(post(closes.url(), interrupt).kind, Kind::again);
}

TEST(Webhook, EndsWhenItIsInterrupted) {
  Interrupt interrupt;
  const RawServer silent([](int, const std::atomic<bool>& ending) {
    while (!ending) std::this_thread::sleep_for(10ms);
  });
  std::thread raiser([&] {
    std::this_thread::sleep_for(100ms);
    interrupt.raise();
  });
  EXPECT_LT(time_of([&] { EXPECT_NE(post(silent.url(), interrupt, 60s).kind, Kind::told); }), 10s);
  raiser.join();
}

TEST(Webhook, TrustsOnlyACertificateThatCanBeVerified) {
  const Interrupt interrupt;
  const postern::test::TempFolder folder;
  const std::string certificate = folder / "cert.pem", key = folder / "key.pem";
  if (!test::runs({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                   "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
                   "-out", certificate}))
    GTEST_SKIP() << "openssl is not installed";
  Site<httplib::SSLServer> site(certificate.c_str(), key.c_str());
  int reached = 0;
  site.server.Post("/hook", [&](const httplib::Request&, httplib::Response&) { ++reached; });
  const std::string url = site.url("/hook", "https", "localhost");

  EXPECT_EQ(post(url, interrupt).kind, Kind::again);
  EXPECT_EQ(reached, 0);
  ::setenv("SSL_CERT_FILE", certificate.c_str(), 1);
  const Attempt trusted = post(url, interrupt);
  const Attempt other_name = post(site.url("/hook", "https", "127.0.0.1"), interrupt);
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(trusted.kind, Kind::told) << trusted.problem;
  EXPECT_EQ(other_name.kind, Kind::again);
  EXPECT_EQ(reached, 1);
  // What it is there for: whoever does not look at it talks to anybody.
  httplib::Client careless(site.url("", "https", "localhost"));
  careless.enable_server_certificate_verification(false);
  EXPECT_TRUE(careless.Post("/hook"));
}

}  // namespace
}  // namespace postern::notices
